// SPDX-License-Identifier: LGPL-2.1-or-later
#include "random_frame.h"

#include "network.h"

#include <linux/if_ether.h>
#include <map>

namespace nwgate::packets {
namespace {

class FrameMaker {
public:
  explicit FrameMaker(std::mt19937 &random) : random_(random) {}

  /// `others` are the rules of the same direction, at whose values it looks at times.
  Frame make(const Chain &chain, const ProgramRule &rule, const std::vector<const ProgramRule *> &others) {
    for (const auto &match : rule.matches)
      matches_.try_emplace(match.field, &match);
    if (chance(0.3))
      for (const auto *other : others)
        for (const auto &match : other->matches)
          if (const auto mine = matches_.find(match.field); mine != matches_.end() && chance(0.2))
            mine->second = &match;
    if (chain.layer != Layer::ethernet)
      return ip(chain.layer == Layer::ipv4 ? 4 : 6);
    if (has_any(Field::stp_type, Field::stp_forward_delay))
      return stp();
    const auto type = number<std::uint16_t>(Field::ether_type, one_of({ETH_P_IP, ETH_P_IPV6, ETH_P_ARP, 0x88b6}));
    switch (type) {
    case ETH_P_IP:
      return ip(4);
    case ETH_P_IPV6:
      return ip(6);
    case ETH_P_ARP:
      return arp(ETH_P_ARP);
    case ETH_P_RARP:
      return arp(ETH_P_RARP);
    case ETH_P_8021Q:
      return vlan();
    default:
      return with_macs(Ether{.type = type});
    }
  }

private:
  bool chance(double probability) { return std::bernoulli_distribution(probability)(random_); }
  std::uint32_t below(std::uint32_t bound) {
    return std::uniform_int_distribution<std::uint32_t>(0, bound - 1)(random_);
  }
  std::uint32_t one_of(const std::vector<std::uint32_t> &values) {
    return values[below(static_cast<std::uint32_t>(values.size()))];
  }

  const Match *find(Field field) {
    const auto found = matches_.find(field);
    return found == matches_.end() || chance(0.03) ? nullptr : found->second;
  }
  bool has_any(Field first, Field last) {
    const auto from = matches_.lower_bound(first);
    return from != matches_.end() && from->first <= last;
  }
  static const Literal &literal(const Match &match, std::size_t index) {
    return std::get<Literal>(match.operands.at(index));
  }

  /// A number that the field's match asks for, or one beside it; `otherwise` without a match.
  template <typename Number> Number number(Field field, std::uint32_t otherwise, std::size_t first = 0) {
    const auto *match = find(field);
    if (match == nullptr)
      return static_cast<Number>(otherwise);
    const bool is_range = match->form == Form::range || match->form == Form::range_pair;
    const auto low = std::get<std::uint32_t>(literal(*match, first));
    const auto high = is_range ? std::get<std::uint32_t>(literal(*match, first + 1)) : low;
    if (chance(match->negated ? 0.5 : 0.05))
      return static_cast<Number>(one_of({low - 1, high + 1}));
    return static_cast<Number>(one_of({low, high, low + (high - low) / 2}));
  }

  /// An address that the field's match asks for, in text, or one with a bit turned.
  template <typename Address> std::string address(Field field, const std::string &otherwise) {
    const auto *match = find(field);
    if (match == nullptr)
      return otherwise;
    auto value = std::get<Address>(literal(*match, match->form == Form::range ? below(2) : 0));
    if (match->form == Form::masked) {
      Address mask;
      if constexpr (std::is_same_v<Address, MacAddress>)
        mask = std::get<MacAddress>(literal(*match, 1));
      else
        mask = Address::mask(std::get<std::uint32_t>(literal(*match, 1)));
      for (std::size_t i = 0; i < value.bytes.size(); ++i)
        value.bytes[i] = static_cast<std::uint8_t>((value.bytes[i] & mask.bytes[i]) | (below(256) & ~mask.bytes[i]));
    }
    if (chance(match->negated ? 0.5 : 0.05))
      value.bytes[below(value.bytes.size())] ^= static_cast<std::uint8_t>(1U << below(8));
    return value.to_string();
  }

  /// The bridge drops frames from nobody or from a group, and keeps the reserved groups and its own for itself.
  template <typename Kind> Frame with_macs(Kind frame) {
    const auto source = address<MacAddress>(Field::ether_src, chance(0.5) ? mac_a : "52:54:00:00:00:01");
    if (const auto mac = MacAddress::parse(source); (mac->bytes[0] & 1U) == 0 && *mac != MacAddress{})
      frame.src_mac = source;
    const auto destination = address<MacAddress>(Field::ether_dst, frame.dst_mac);
    if (!destination.starts_with("01:80:c2:00:00:") && destination != host_mac)
      frame.dst_mac = destination;
    return frame;
  }

  Frame vlan() {
    return with_macs(Vlan{.id = static_cast<std::uint16_t>(number<std::uint16_t>(Field::vlan_id, below(4096)) & 0xfffU),
                          .type = number<std::uint16_t>(Field::vlan_type, 0x88b6)});
  }

  Frame stp() {
    Stp frame;
    const auto source = address<MacAddress>(Field::ether_src, mac_a);
    if (const auto mac = MacAddress::parse(source); (mac->bytes[0] & 1U) == 0 && *mac != MacAddress{})
      frame.src_mac = source;
    frame.type = number<std::uint8_t>(Field::stp_type, 0);
    frame.flags = number<std::uint8_t>(Field::stp_flags, 0);
    frame.root_priority = number<std::uint16_t>(Field::stp_root_priority, 1);
    frame.root_address = address<MacAddress>(Field::stp_root_address, frame.root_address);
    frame.root_cost = number<std::uint32_t>(Field::stp_root_cost, 1);
    frame.sender_priority = number<std::uint16_t>(Field::stp_sender_priority, 1);
    frame.sender_address = address<MacAddress>(Field::stp_sender_address, frame.sender_address);
    frame.port = number<std::uint16_t>(Field::stp_port, 1);
    frame.age = number<std::uint16_t>(Field::stp_message_age, 1);
    frame.max_age = number<std::uint16_t>(Field::stp_max_age, 1);
    frame.hello_time = number<std::uint16_t>(Field::stp_hello_time, 1);
    frame.forward_delay = number<std::uint16_t>(Field::stp_forward_delay, 1);
    return frame;
  }

  Frame arp(std::uint16_t type) {
    Arp frame{.type = type};
    frame.opcode = number<std::uint16_t>(Field::arp_op, 1);
    frame.hwtype = number<std::uint16_t>(Field::arp_htype, 1);
    frame.protocoltype = number<std::uint16_t>(Field::arp_ptype, ETH_P_IP);
    frame.sender_mac = address<MacAddress>(Field::arp_sha, mac_a);
    frame.target_mac = address<MacAddress>(Field::arp_tha, mac_b);
    frame.sender_ip = address<Ipv4Address>(Field::arp_spa, "10.0.0.1");
    frame.target_ip = address<Ipv4Address>(Field::arp_tpa, "10.0.0.2");
    if (matches_.contains(Field::arp_gratuitous) && chance(0.7))
      frame.target_ip = frame.sender_ip;
    return with_macs(frame);
  }

  Frame ip(std::uint8_t version) {
    Ip frame{.version = version};
    const bool is_v4 = version == 4;
    frame.src =
        is_v4 ? address<Ipv4Address>(Field::ip_saddr, "10.0.0.1") : address<Ipv6Address>(Field::ip6_saddr, "fd00::1");
    frame.dst =
        is_v4 ? address<Ipv4Address>(Field::ip_daddr, "10.0.0.2") : address<Ipv6Address>(Field::ip6_daddr, "fd00::2");
    frame.protocol =
        number<std::uint8_t>(is_v4 ? Field::ip_protocol : Field::ip6_protocol,
                             one_of({IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_ESP, is_v4 ? 1U : 58U}));
    frame.tos = static_cast<std::uint8_t>(
        number<std::uint32_t>(is_v4 ? Field::ip_dscp : Field::ip6_dscp, below(64)) << 2U | below(4));
    frame.sport = number<std::uint16_t>(Field::th_sport, 1024 + below(60000));
    frame.dport = number<std::uint16_t>(Field::th_dport, 1024 + below(60000));
    if (const auto *flags = find(Field::tcp_flags))
      frame.flags = static_cast<std::uint8_t>(std::get<std::uint32_t>(literal(*flags, 0)));
    if (const auto *option = find(Field::tcp_option))
      frame.options = {static_cast<std::uint8_t>(std::get<std::uint32_t>(literal(*option, 0)))};
    const auto icmp = is_v4 ? Field::icmp_type : Field::icmp6_type;
    if (const auto *match = find(icmp)) {
      frame.type = number<std::uint8_t>(icmp, 8);
      if (match->form == Form::pair)
        frame.code = static_cast<std::uint8_t>(std::get<std::uint32_t>(literal(*match, 1)));
      else if (match->form == Form::range_pair)
        frame.code = number<std::uint8_t>(icmp, 0, 2);
    }
    add_oddities(frame);
    return with_macs(frame);
  }

  void add_oddities(Ip &frame) {
    if (chance(0.03))
      frame.fragment_offset = static_cast<std::uint16_t>(1 + below(20));
    else
      frame.bad_checksum = (frame.protocol == IPPROTO_TCP || frame.protocol == IPPROTO_UDP) && chance(0.02);
    if (frame.version == 6 && chance(0.1))
      for (auto count = 1 + below(2); count > 0; --count)
        frame.extensions.push_back(
            static_cast<std::uint8_t>(one_of({IPPROTO_HOPOPTS, IPPROTO_DSTOPTS, IPPROTO_ROUTING, IPPROTO_AH})));
  }

  std::mt19937 &random_;
  std::map<Field, const Match *> matches_;
};

} // namespace

Frame random_frame(const Program &program, Direction direction, std::mt19937 &random) {
  std::vector<const Chain *> chains;
  std::vector<const ProgramRule *> rules;
  for (const auto &chain : program.chains)
    if (chain.direction == direction)
      for (const auto &rule : chain.rules) {
        chains.push_back(&chain);
        rules.push_back(&rule);
      }
  if (rules.empty())
    return Ip{};
  const auto at = std::uniform_int_distribution<std::size_t>(0, rules.size() - 1)(random);
  return FrameMaker(random).make(*chains[at], *rules[at], rules);
}

} // namespace nwgate::packets
