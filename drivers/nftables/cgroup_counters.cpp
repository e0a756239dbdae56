// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/nftables/cgroup_counters.h"

#include "drivers/nftables/cgroup_layout.h"

#include <algorithm>
#include <set>

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

void carry_counts(const KernelTable &present, std::vector<Operation> &operations) {
  using Key = std::vector<std::uint8_t>;
  const auto counted = [&](const std::string &map, const Key &key) {
    const auto found = present.sets.find(map);
    std::string none;
    return found == present.sets.end() ? std::nullopt : counts_of(&found->second, key, none);
  };
  for (const bool by_classid : {false, true})
    for (const auto direction : {Direction::out, Direction::in}) {
      const auto map = [&](Layer layer) { return cgroups_map({by_classid, 0}, direction, layer); };
      std::set<Key> in_ethernet; // all that such a cgroup sends is counted there
      for (const auto &operation : operations)
        if (operation.kind == Operation::Kind::add_verdict && operation.name == map(Layer::ethernet))
          in_ethernet.insert(operation.verdict.key);
      for (auto &operation : operations) {
        if (operation.kind != Operation::Kind::add_verdict)
          continue;
        const auto &key = operation.verdict.key;
        const auto whole = counted(map(Layer::ethernet), key);
        const auto ipv4 = counted(map(Layer::ipv4), key).value_or(Counts{});
        const auto ipv6 = counted(map(Layer::ipv6), key).value_or(Counts{});
        const auto both = whole.value_or(Counts{ipv4.packets + ipv6.packets, ipv4.bytes + ipv6.bytes});
        if (operation.name == map(Layer::ethernet))
          operation.counts = both;
        else if (operation.name == map(Layer::ipv4) && !in_ethernet.contains(key))
          operation.counts = whole.value_or(ipv4);
        else if (operation.name == map(Layer::ipv6) && !in_ethernet.contains(key) && !whole)
          operation.counts = ipv6;
      }
    }
}

} // namespace nwgate::nftables
