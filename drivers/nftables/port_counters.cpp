// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/nftables/port_counters.h"

#include "drivers/nftables/layout.h"
#include "drivers/nftables/plan.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <linux/netfilter.h>
#include <unordered_map>

namespace nwgate::nftables {
namespace {

using netlink::Counts;
using netlink::Family;

void add(const Counts &more, Counts &sum) {
  sum.packets += more.packets;
  sum.bytes += more.bytes;
}

/// Counters of one set are not read in one instant with those of another.
Counts difference(const Counts &all, const Counts &part) {
  return {all.packets - std::min(all.packets, part.packets), all.bytes - std::min(all.bytes, part.bytes)};
}

class Summing {
public:
  explicit Summing(const KernelState &state) : state_(state) {
    for (auto &[name, port] : ports_in(state)) {
      auto &counters = ports_[name];
      counters.program = port.program;
      counters.mark = port.mark;
    }
    for (auto &[name, counters] : ports_)
      if (counters.mark != 0)
        by_mark_[counters.mark] = &counters;
  }

  std::map<std::string, PortCounters> run() {
    for (auto &[name, port] : ports_)
      port.attachment = attachment_of(port);
    add_ways();
    add_devices();
    // In the direction out, the ways count before any layer drops; in the direction in, behind the IP layers.
    add_dropped(Family::bridge);
    add_dropped(Family::netdev);
    for (auto &[name, port] : ports_)
      port.in.accepted = difference(port.in.accepted, port.in.dropped);
    if (const auto *set = state_.find_set(Family::bridge, shared::in_ip_dropped))
      add_set(*set, Family::bridge, [](PortCounters &port) -> Counts & { return port.in.dropped; });
    add_dropped(Family::ip);
    add_dropped(Family::ip6);
    for (auto &[name, port] : ports_)
      port.out.accepted = difference(port.out.accepted, port.out.dropped);
    return std::move(ports_);
  }

private:
  PortCounters *by_name(const std::uint8_t *bytes) {
    const auto *text = reinterpret_cast<const char *>(bytes);
    const auto found = ports_.find(std::string(text, strnlen(text, 16)));
    return found == ports_.end() ? nullptr : &found->second;
  }

  PortCounters *by_mark(const std::uint8_t *bytes) {
    std::uint32_t mark = 0;
    std::memcpy(&mark, bytes, sizeof mark);
    const auto found = by_mark_.find(mark);
    return found == by_mark_.end() ? nullptr : found->second;
  }

  void add_ways() {
    const auto *bridge = state_.find(Family::bridge);
    if (bridge == nullptr)
      return;
    for (const auto &[name, set] : bridge->sets)
      for (const auto direction : {Direction::out, Direction::in})
        if (set.program && !set.program->name.empty() && name == ports_set(set.program->name, direction))
          add_set(set, Family::bridge, [&](PortCounters &port) -> Counts & {
            return (direction == Direction::out ? port.out : port.in).accepted;
          });
    add_map(shared::out_others, [](PortCounters &port) -> Counts & { return port.out.accepted; });
    add_map(shared::in_others, [](PortCounters &port) -> Counts & { return port.in.accepted; });
  }

  /// Of a port of the bridge; add_devices() knows the others.
  [[nodiscard]] Attachment attachment_of(const PortCounters &port) const {
    const auto *bridge = state_.find(Family::bridge);
    const bool has_ip =
        bridge != nullptr && std::ranges::any_of(std::array{Layer::ipv4, Layer::ipv6}, [&](Layer layer) {
          return bridge->chains.contains(ip_chain_name(port.program, Direction::out, layer));
        });
    return has_ip ? Attachment::bridge_conntrack : Attachment::bridge;
  }

  /// Ports whose devices have chains of their own, where a rule leads to the program.
  void add_devices() {
    const auto *table = state_.find(Family::netdev);
    if (table == nullptr)
      return;
    for (const auto &[name, chain] : table->chains) {
      const auto port = ports_.find(chain.port);
      if (chain.port.empty() || port == ports_.end() || !chain.info.base)
        continue;
      const bool is_out = name.ends_with("/out");
      const bool is_ingress = chain.info.base->hook == NF_NETDEV_INGRESS;
      port->second.attachment = is_out != is_ingress     ? Attachment::macvtap
                                : port->second.mark != 0 ? Attachment::routed
                                                         : Attachment::device;
      if (!chain.rules.empty())
        add(chain.rules.front().info.counts, (is_out ? port->second.out : port->second.in).accepted);
    }
  }

  void add_dropped(Family family) {
    if (const auto *set = state_.find_set(family, shared::out_dropped))
      add_set(*set, family, [](PortCounters &port) -> Counts & { return port.out.dropped; });
    if (const auto *set = state_.find_set(family, shared::in_dropped))
      add_set(*set, family, [](PortCounters &port) -> Counts & { return port.in.dropped; });
  }

  template <typename Sum> void add_set(const KernelSet &set, Family family, Sum sum) {
    const auto size = set.info.spec.element_size();
    const bool has_names = family == Family::bridge || family == Family::netdev;
    if (size < (has_names ? 16 : 4))
      return;
    for (std::size_t i = 0; i < set.listing.counts.size() && (i + 1) * size <= set.listing.elements.size(); ++i) {
      const auto *element = set.listing.elements.data() + i * size;
      if (auto *port = has_names ? by_name(element) : by_mark(element))
        add(set.listing.counts[i], sum(*port));
    }
  }

  template <typename Sum> void add_map(const char *name, Sum sum) {
    const auto *map = state_.find_set(Family::bridge, name);
    if (map == nullptr || map->info.spec.key_length < 16)
      return;
    for (std::size_t i = 0; i < map->listing.verdicts.size() && i < map->listing.counts.size(); ++i)
      if (auto *port = by_name(map->listing.verdicts[i].key.data()))
        add(map->listing.counts[i], sum(*port));
  }

  const KernelState &state_;
  std::map<std::string, PortCounters> ports_;
  std::unordered_map<std::uint32_t, PortCounters *> by_mark_;
};

} // namespace

std::map<std::string, PortCounters> port_counters(const KernelState &state) { return Summing(state).run(); }

std::string_view attachment_text(Attachment attachment) {
  switch (attachment) {
  case Attachment::bridge:
    return "bridge";
  case Attachment::bridge_conntrack:
    return "bridge_conntrack";
  case Attachment::routed:
    return "routed";
  case Attachment::device:
    return "device";
  case Attachment::macvtap:
    return "macvtap";
  case Attachment::cgroup:
    break;
  }
  return "cgroup";
}

std::string filter_of(const std::string &program) { return program.substr(0, program.find('/')); }

} // namespace nwgate::nftables
