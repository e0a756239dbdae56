// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/nftables/cgroup_counters.h"

#include "drivers/nftables/cgroup_layout.h"

#include <algorithm>
#include <array>
#include <set>

namespace nwgate::nftables {
namespace {

using netlink::Counts;

constexpr std::array directions = {Direction::out, Direction::in};
constexpr std::array layers = {Layer::ethernet, Layer::ipv4, Layer::ipv6};

std::string text_of(netlink::Bytes key) { return {key.begin(), key.end()}; }

} // namespace

CgroupCounters::CgroupCounters(const KernelTable *table) : table_(table) {
  if (table == nullptr)
    return;
  const auto index = [&](const std::string &name, std::uint32_t key_length) {
    const auto found = table->sets.find(name);
    if (found == table->sets.end())
      return;
    auto &places = places_[name];
    const auto &listing = found->second.listing;
    for (std::size_t i = 0; i < listing.verdicts.size(); ++i)
      places.emplace(text_of(listing.verdicts[i].key), i);
    for (std::size_t i = 0; (i + 1) * key_length <= listing.elements.size(); ++i)
      places.emplace(text_of(netlink::Bytes(listing.elements).subspan(i * key_length, key_length)), i);
  };
  for (const bool by_classid : {false, true})
    for (const auto direction : directions) {
      const CgroupPlace place{by_classid, 0};
      const auto length = cgroup_key(place).length();
      index(cgroups_dropped_set(place, direction), length);
      for (const auto layer : layers)
        index(cgroups_map(place, direction, layer), length);
    }
}

std::optional<Counts> CgroupCounters::in(const std::string &set, const std::vector<std::uint8_t> &key) const {
  const auto places = places_.find(set);
  if (places == places_.end())
    return std::nullopt;
  const auto found = places->second.find(text_of(key));
  if (found == places->second.end())
    return std::nullopt;
  const auto &counts = table_->sets.at(set).listing.counts;
  return found->second < counts.size() ? counts[found->second] : Counts{};
}

std::string CgroupCounters::chain_of(const std::string &map, const std::vector<std::uint8_t> &key) const {
  return table_->sets.at(map).listing.verdicts.at(places_.at(map).at(text_of(key))).chain;
}

std::optional<PortCounters> CgroupCounters::of(const CgroupKey &cgroup) const {
  const auto key = cgroup_key_bytes(cgroup.place, cgroup.id);
  PortCounters result;
  result.attachment = Attachment::cgroup;
  std::string chain;
  for (const auto direction : directions) {
    Counts all;
    // Whoever has an ethernet layer is counted there, others in both IP layers.
    for (const auto layer : layers) {
      const auto map = cgroups_map(cgroup.place, direction, layer);
      const auto found = in(map, key);
      if (!found)
        continue;
      chain = chain_of(map, key);
      all.packets += found->packets;
      all.bytes += found->bytes;
      if (layer == Layer::ethernet)
        break;
    }
    const auto dropped = in(cgroups_dropped_set(cgroup.place, direction), key).value_or(Counts{});
    auto &counters = direction == Direction::out ? result.out : result.in;
    counters.dropped = dropped;
    // Counters of one set are not read in one instant with those of another.
    counters.accepted = {all.packets - std::min(all.packets, dropped.packets),
                         all.bytes - std::min(all.bytes, dropped.bytes)};
  }
  if (chain.empty())
    return std::nullopt;
  if (const auto found = table_->chains.find(chain); found != table_->chains.end() && found->second.program)
    result.program = found->second.program->name;
  return result;
}

void carry_counts(const KernelTable &present, std::vector<Operation> &operations) {
  using Key = std::vector<std::uint8_t>;
  const CgroupCounters counters(&present);
  for (const bool by_classid : {false, true})
    for (const auto direction : directions) {
      const auto map = [&](Layer layer) { return cgroups_map({by_classid, 0}, direction, layer); };
      std::set<Key> in_ethernet; // all that such a cgroup sends is counted there
      for (const auto &operation : operations)
        if (operation.kind == Operation::Kind::add_verdict && operation.name == map(Layer::ethernet))
          in_ethernet.insert(operation.verdict.key);
      for (auto &operation : operations) {
        if (operation.kind != Operation::Kind::add_verdict)
          continue;
        const auto &key = operation.verdict.key;
        const auto whole = counters.in(map(Layer::ethernet), key);
        const auto ipv4 = counters.in(map(Layer::ipv4), key).value_or(Counts{});
        const auto ipv6 = counters.in(map(Layer::ipv6), key).value_or(Counts{});
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
