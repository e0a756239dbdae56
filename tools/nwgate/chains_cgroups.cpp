// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/nwgate/chains_cgroups.h"

#include "drivers/xtables/cgroup_layout.h"
#include "tools/nwgate/bpf_cgroups.h"
#include "tools/nwgate/cgroup_stats.h"
#include "tools/nwgate/cgroups.h"
#include "tools/nwgate/chains_json.h"

#include <array>
#include <filesystem>
#include <fmt/format.h>
#include <tuple>

namespace nwgate {
namespace {

/// A cgroup's BPF programs, if it has any.
Result<std::optional<bpf::AttachedFilter>> bpf_of(const std::string &directory) {
  if (!std::filesystem::exists(directory))
    return std::optional<bpf::AttachedFilter>();
  const auto library = bpf::Library::load();
  if (!library)
    return fail(library.error());
  auto attached = bpf::read_attached(*library, directory);
  if (!attached)
    return fail(std::move(attached.error()));
  return std::optional(*attached);
}

using Direction = std::tuple<const char *, std::optional<bpf::AttachedProgram>, bpf::DirectionCounts>;

std::array<Direction, 2> directions_of(const bpf::AttachedFilter &attached) {
  return {Direction("out", attached.out, attached.counts.out), Direction("in", attached.in, attached.counts.in)};
}

std::vector<std::optional<ListedPort>> list_xtables(const xtables::KernelView &view,
                                                    const std::vector<NamedCgroup> &cgroups) {
  std::vector<std::optional<ListedPort>> all;
  for (const auto &[name, key] : cgroups) {
    const auto owner = xtables::cgroup_owner(key.place.by_classid, key.id);
    auto listed = list_ports(view, owner);
    auto &one = all.emplace_back();
    if (listed.empty())
      continue;
    one = std::move(listed.front());
    one->port = name;
    one->counters = xtables_cgroup_counters(view, owner);
  }
  return all;
}

/// Of each what it has in nf_tables, in the layout of the settings.
Result<std::vector<std::optional<ListedPort>>> list_in_nf_tables(const Session &session, netlink::Channel &channel,
                                                                 const std::vector<NamedCgroup> &cgroups) {
  if (session.settings.layout == "xtables") {
    const auto view = xtables::read_all(channel, session.ip_sets);
    if (!view)
      return fail(view.error());
    return list_xtables(*view, cgroups);
  }
  const auto state =
      nftables::read_state(channel, nftables::ReadElements::none, nftables::ReadElements::all_with_counts);
  if (!state)
    return fail(state.error());
  return list_cgroups(*state, session.ip_sets, cgroups);
}

} // namespace

Result<std::vector<CgroupChains>> list_cgroups(Session &session, netlink::Channel &channel,
                                               const std::vector<CgroupName> &names) {
  std::vector<CgroupChains> all;
  std::vector<NamedCgroup> there;
  std::optional<cgroup::Hierarchy> hierarchy;
  const BpfPins pins(session);
  for (const auto &name : names) {
    const auto key = find_cgroup(name, hierarchy);
    if (!key)
      return fail(key.error());
    auto &one = all.emplace_back();
    one.name = name.to_string();
    one.is_bound = session.bindings().find(one.name).has_value();
    one.is_there = key->has_value();
    one.pins = pins.directory_of(one.name);
    if (*key)
      there.push_back({one.name, **key});
  }
  auto listed = list_in_nf_tables(session, channel, there);
  if (!listed)
    return fail(std::move(listed.error()));
  auto next = listed->begin();
  for (auto &one : all) {
    if (one.is_there)
      one.in_nf_tables = std::move(*next++);
    if (one.in_nf_tables)
      continue;
    auto attached = bpf_of(one.pins);
    if (!attached)
      return fail(std::move(attached.error()));
    one.in_bpf = *attached;
  }
  return all;
}

nlohmann::ordered_json cgroup_json(const CgroupChains &cgroup) {
  if (cgroup.in_nf_tables)
    return port_json(*cgroup.in_nf_tables);
  if (!cgroup.in_bpf)
    return nullptr;
  nlohmann::ordered_json entry = {{"port", cgroup.name}, {"layout", "bpf"}, {"pins", cgroup.pins}};
  for (const auto &[word, program, counts] : directions_of(*cgroup.in_bpf)) {
    entry["counters"][word] = {{"packets", counts.accepted.packets},
                               {"bytes", counts.accepted.bytes},
                               {"dropped_packets", counts.dropped.packets},
                               {"dropped_bytes", counts.dropped.bytes}};
    if (program)
      entry["programs"][word] = {{"id", program->id}, {"cgroup", program->cgroup_id}};
  }
  return entry;
}

std::string cgroup_text(const CgroupChains &cgroup, const Colours &colours) {
  if (!cgroup.in_bpf)
    return fmt::format("cgroup {}\n  {}\n", cgroup.name,
                       cgroup.is_there ? "has nothing in the kernel" : "does not exist: it waits");
  auto text = fmt::format("{}cgroup {}{}\n  attached where its sockets send and receive, by BPF, pinned in {}\n\n",
                          colours.bold(), cgroup.name, colours.end(), cgroup.pins);
  text += fmt::format("{}{:>10} {:>12} {:>10} {:>12}{}\n", colours.dim(), "accepted", "bytes", "dropped", "bytes",
                      colours.end());
  for (const auto &[word, program, counts] : directions_of(*cgroup.in_bpf))
    text += fmt::format("{:>10} {:>12} {:>10} {:>12}  {}{}\n", counts.accepted.packets, counts.accepted.bytes,
                        counts.dropped.packets, counts.dropped.bytes, word,
                        program ? fmt::format(", program {} of cgroup {}", program->id, program->cgroup_id)
                                : std::string(", no program"));
  return text;
}

} // namespace nwgate
