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

Counts sum(const Counts &a, const Counts &b) { return {a.packets + b.packets, a.bytes + b.bytes}; }

/// Carries the counts of one direction.
class Carrier {
public:
  Carrier(const CgroupCounters &counters, const DesiredCgroups &desired, const CgroupPlace &place, Direction direction)
      : counters_(counters), dropped_set_(cgroups_dropped_set(place, direction)) {
    for (std::size_t i = 0; i < layers.size(); ++i)
      maps_[i] = cgroups_map(place, direction, layers[i]);
    for (const auto &cgroup : desired.cgroups) {
      const auto &counted = direction == Direction::out ? cgroup.counted_out : cgroup.counted_in;
      const auto &at = cgroup.program.program->cgroups;
      if (counted != DirectionCounters{} && at && at->by_classid == place.by_classid)
        elsewhere_.emplace(text_of(cgroup_key_bytes(place, cgroup.id)), counted);
    }
  }

  void carry(std::vector<Operation> &operations) {
    // All that a cgroup with an ethernet layer sends is counted there; others count in both IP layers.
    std::set<std::string> in_ethernet;
    for (const auto &operation : operations)
      if (operation.kind == Operation::Kind::add_verdict && operation.name == maps_[0])
        in_ethernet.insert(text_of(operation.verdict.key));
    for (auto &operation : operations) {
      if (operation.kind == Operation::Kind::add_elements && operation.name == dropped_set_)
        carry_dropped(operation);
      if (operation.kind != Operation::Kind::add_verdict)
        continue;
      const auto before = counted(operation.verdict.key);
      if (operation.name == maps_[0])
        operation.counts = before.whole.value_or(sum(before.ipv4, before.ipv6));
      else if (in_ethernet.contains(text_of(operation.verdict.key)))
        continue;
      else if (operation.name == maps_[1])
        operation.counts = before.whole.value_or(before.ipv4);
      else if (operation.name == maps_[2] && !before.whole)
        operation.counts = before.ipv6;
    }
  }

private:
  struct Counted {
    /// Of both families, where it is not known which.
    std::optional<Counts> whole;
    Counts ipv4, ipv6;
  };

  [[nodiscard]] Counted counted(const std::vector<std::uint8_t> &key) const {
    const auto whole = counters_.in(maps_[0], key), ipv4 = counters_.in(maps_[1], key),
               ipv6 = counters_.in(maps_[2], key);
    if (const auto found = elsewhere_.find(text_of(key)); found != elsewhere_.end() && !whole && !ipv4 && !ipv6)
      return {sum(found->second.accepted, found->second.dropped), {}, {}};
    return {whole, ipv4.value_or(Counts{}), ipv6.value_or(Counts{})};
  }

  void carry_dropped(Operation &operation) const {
    if (elsewhere_.empty())
      return;
    const auto length = operation.spec.key_length;
    for (std::size_t at = 0; at + length <= operation.elements.size(); at += length) {
      const auto found = elsewhere_.find(text_of(netlink::Bytes(operation.elements).subspan(at, length)));
      operation.element_counts.push_back(found == elsewhere_.end() ? Counts{} : found->second.dropped);
    }
  }

  const CgroupCounters &counters_;
  std::string dropped_set_;
  /// In the order of `layers`.
  std::array<std::string, layers.size()> maps_;
  /// By key.
  std::map<std::string, DirectionCounters> elsewhere_;
};

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

void carry_counts(const KernelTable *present, const DesiredCgroups &desired, std::vector<Operation> &operations) {
  const CgroupCounters counters(present);
  for (const bool by_classid : {false, true})
    for (const auto direction : directions)
      Carrier(counters, desired, {by_classid, 0}, direction).carry(operations);
}

} // namespace nwgate::nftables
