// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/nwgate/carried_counts.h"

#include "drivers/nftables/cgroup_counters.h"
#include "drivers/nftables/kernel_state.h"
#include "tools/nwgate/cgroups.h"

#include <algorithm>
#include <filesystem>

namespace nwgate {
namespace {

bpf::DirectionCounts to_bpf(const nftables::DirectionCounters &counters) {
  return {{counters.accepted.packets, counters.accepted.bytes}, {counters.dropped.packets, counters.dropped.bytes}};
}

bool is_pinned(const BpfPins &pins, const CgroupName &name) {
  return std::filesystem::exists(pins.directory_of(name.to_string()));
}

Result<> carry_to_bpf(const BpfPins &pins, BpfChange &change, netlink::Channel &channel) {
  const auto is_new = [&](const BpfChange::Filter &filter) { return !is_pinned(pins, filter.name); };
  if (std::ranges::none_of(change.filters, is_new))
    return {};
  const auto state = nftables::read_state(channel, nftables::ReadElements::none, nftables::ReadElements::counts);
  if (!state)
    return fail(state.error());
  const auto *table = state->find(netlink::Family::inet);
  if (table == nullptr)
    return {};
  const nftables::CgroupCounters counters(table);
  std::optional<cgroup::Hierarchy> hierarchy;
  for (auto &filter : change.filters) {
    if (!is_new(filter))
      continue;
    const auto key = find_cgroup(filter.name, hierarchy);
    if (!key)
      return fail(key.error());
    if (const auto counted = *key ? counters.of(**key) : std::nullopt)
      filter.counted = {to_bpf(counted->out), to_bpf(counted->in)};
  }
  return {};
}

Result<> carry_to_nftables(const BpfPins &pins, PlacedCgroups &placed) {
  std::optional<bpf::Library> bpf;
  for (std::size_t i = 0; i < placed.cgroups.size(); ++i) {
    const auto &name = placed.cgroups[i].name;
    if (!is_pinned(pins, name))
      continue;
    if (!bpf) {
      auto loaded = bpf::Library::load();
      if (!loaded)
        return fail(std::move(loaded.error()));
      bpf = *loaded;
    }
    const auto attached = bpf::read_attached(*bpf, pins.directory_of(name.to_string()));
    if (!attached)
      return fail(attached.error());
    auto &cgroup = placed.in_nftables.cgroups.at(i);
    cgroup.counted_out = counters_of(attached->counts.out);
    cgroup.counted_in = counters_of(attached->counts.in);
  }
  return {};
}

} // namespace

nftables::DirectionCounters counters_of(const bpf::DirectionCounts &counts) {
  return {{counts.accepted.packets, counts.accepted.bytes}, {counts.dropped.packets, counts.dropped.bytes}};
}

Result<> carry_counts(const Session &session, HostChange &change, netlink::Channel &channel) {
  const BpfPins pins(session);
  if (auto carried = carry_to_bpf(pins, change.bpf, channel); !carried)
    return carried;
  return change.cgroups ? carry_to_nftables(pins, *change.cgroups) : Result<>{};
}

} // namespace nwgate
