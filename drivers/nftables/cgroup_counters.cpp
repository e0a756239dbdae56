// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/nftables/cgroup_counters.h"

#include "drivers/nftables/cgroup_layout.h"

#include <algorithm>

namespace nwgate::nftables {
namespace {

using netlink::Counts;
using netlink::Family;

/// What the element of the key has counted; nothing if there is none.
std::optional<Counts> counts_of(const KernelSet *set, const std::vector<std::uint8_t> &key, std::string &chain) {
  if (set == nullptr)
    return std::nullopt;
  const auto &listing = set->listing;
  const auto at_index = [&](std::size_t index) {
    return index < listing.counts.size() ? listing.counts[index] : Counts{};
  };
  for (std::size_t i = 0; i < listing.verdicts.size(); ++i)
    if (listing.verdicts[i].key == key) {
      chain = listing.verdicts[i].chain;
      return at_index(i);
    }
  for (std::size_t i = 0; (i + 1) * key.size() <= listing.elements.size(); ++i)
    if (std::equal(key.begin(), key.end(), listing.elements.begin() + static_cast<std::ptrdiff_t>(i * key.size())))
      return at_index(i);
  return std::nullopt;
}

} // namespace

std::optional<PortCounters> cgroup_counters(const KernelState &state, const CgroupKey &cgroup) {
  const auto key = cgroup_key_bytes(cgroup.place, cgroup.id);
  PortCounters result;
  result.attachment = Attachment::cgroup;
  std::string chain;
  bool is_known = false;
  for (const auto direction : {Direction::out, Direction::in}) {
    Counts all;
    // Whoever has an ethernet layer is counted there, others in both IP layers.
    for (const auto layer : {Layer::ethernet, Layer::ipv4, Layer::ipv6}) {
      const auto found =
          counts_of(state.find_set(Family::inet, cgroups_map(cgroup.place, direction, layer)), key, chain);
      if (!found)
        continue;
      is_known = true;
      all.packets += found->packets;
      all.bytes += found->bytes;
      if (layer == Layer::ethernet)
        break;
    }
    std::string none;
    const auto dropped =
        counts_of(state.find_set(Family::inet, cgroups_dropped_set(cgroup.place, direction)), key, none)
            .value_or(Counts{});
    auto &counters = direction == Direction::out ? result.out : result.in;
    counters.dropped = dropped;
    // Counters of one set are not read in one instant with those of another.
    counters.accepted = {all.packets - std::min(all.packets, dropped.packets),
                         all.bytes - std::min(all.bytes, dropped.bytes)};
  }
  if (!is_known)
    return std::nullopt;
  if (const auto *table = state.find(Family::inet))
    if (const auto found = table->chains.find(chain); found != table->chains.end() && found->second.program)
      result.program = found->second.program->name;
  return result;
}

} // namespace nwgate::nftables
