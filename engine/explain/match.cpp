// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/explain/match.h"

#include "engine/program/text_form.h"

#include <algorithm>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <netinet/in.h>

namespace nwgate::explain {
namespace {

/// ipt_icmp.h of the kernel: the type that stands for all.
constexpr std::uint32_t any_icmp_type = 255;

/// What a packet has where a match looks.
struct Found {
  enum class Kind : std::uint8_t {
    /// The match fails.
    absent,
    present,
    /// The match drops the packet.
    unreadable,
  };
  Kind kind = Kind::absent;
  Literal value;
  /// The second of a pair: an ICMP code.
  Literal second;

  Found() = default;
  explicit Found(Kind what) : kind(what) {}
  template <typename Value> explicit Found(const std::optional<Value> &what) {
    if (what) {
      kind = Kind::present;
      value = *what;
    }
  }
};

Found present(Literal value, std::uint32_t second = 0) {
  Found found(Found::Kind::present);
  found.value = std::move(value);
  found.second = second;
  return found;
}

/// ebt_stp.c of the kernel. Its header is a byte shorter than that of IEEE 802.1D.
Found stp(Field field, Bytes bpdu) {
  constexpr std::size_t header = 6;
  constexpr std::size_t config = 31;
  const auto type = bpdu.u8(5);
  if (!type || bpdu.u32(0) != 0x42420300U || bpdu.u8(4) != 0U || *type != 0)
    return {}; // it compares the type with the six bytes that it wants
  if (field == Field::stp_type)
    return Found(type);
  if (!bpdu.has(header, config))
    return {};
  const auto fields = bpdu.from(header);
  switch (field) {
  case Field::stp_flags:
    return Found(fields.u8(0));
  case Field::stp_root_priority:
    return Found(fields.u16(1));
  case Field::stp_root_address:
    return Found(fields.mac(3));
  case Field::stp_root_cost:
    return Found(fields.u32(9));
  case Field::stp_sender_priority:
    return Found(fields.u16(13));
  case Field::stp_sender_address:
    return Found(fields.mac(15));
  case Field::stp_port:
    return Found(fields.u16(21));
  case Field::stp_message_age:
    return Found(fields.u16(23));
  case Field::stp_max_age:
    return Found(fields.u16(25));
  case Field::stp_hello_time:
    return Found(fields.u16(27));
  case Field::stp_forward_delay:
    return Found(fields.u16(29));
  default:
    return {};
  }
}

/// ebt_arp.c of the kernel: addresses of IPv4 over Ethernet only.
Found arp(Field field, Bytes header) {
  constexpr std::size_t addresses = 8;
  if (!header.has(0, addresses))
    return {};
  const auto hardware_length = header.u8(4).value();
  const auto protocol_length = header.u8(5).value();
  const bool has_ip = protocol_length == 4 && header.u16(2) == std::uint32_t{ETH_P_IP};
  const bool has_mac = hardware_length == 6 && header.u16(0) == std::uint32_t{ARPHRD_ETHER};
  const auto source_ip = header.ipv4(addresses + hardware_length);
  const auto target_ip = header.ipv4(addresses + 2UL * hardware_length + 4);
  switch (field) {
  case Field::arp_htype:
    return Found(header.u16(0));
  case Field::arp_ptype:
    return Found(header.u16(2));
  case Field::arp_op:
    return Found(header.u16(6));
  case Field::arp_sha:
    return has_mac ? Found(header.mac(addresses)) : Found();
  case Field::arp_tha:
    return has_mac ? Found(header.mac(addresses + hardware_length + protocol_length)) : Found();
  default:
    break;
  }
  if (!has_ip || !source_ip || !target_ip)
    return {};
  if (field == Field::arp_gratuitous)
    return present(std::uint32_t{*source_ip == *target_ip});
  return field == Field::arp_spa ? Found(source_ip) : Found(target_ip);
}

/// ebt_ip.c of the kernel: it trusts the header's length and looks at nothing else of it.
Found bridged_ipv4(Field field, Bytes packet) {
  constexpr std::size_t header = 20;
  if (!packet.has(0, header))
    return {};
  const bool is_later_fragment = (packet.u16(6).value() & 0x1fffU) != 0;
  const auto ports = packet.from((packet.u8(0).value() & 0xfU) * 4UL);
  switch (field) {
  case Field::ip_saddr:
    return Found(packet.ipv4(12));
  case Field::ip_daddr:
    return Found(packet.ipv4(16));
  case Field::ip_protocol:
    return Found(packet.u8(9));
  case Field::ip_dscp:
    return present(packet.u8(1).value() >> 2U);
  case Field::th_sport:
  case Field::th_dport:
    if (is_later_fragment || !ports.has(0, 4))
      return {};
    return Found(ports.u16(field == Field::th_sport ? 0 : 2));
  default:
    return {};
  }
}

/// ebt_ip6.c of the kernel.
Found bridged_ipv6(Field field, Bytes packet) {
  constexpr std::size_t header = 40;
  if (!packet.has(0, header))
    return {};
  if (field == Field::ip6_saddr)
    return Found(packet.ipv6(8));
  if (field == Field::ip6_daddr)
    return Found(packet.ipv6(24));
  const auto last = skip_extension_headers(packet);
  if (!last)
    return {};
  if (field == Field::ip6_protocol)
    return present(std::uint32_t{last->protocol});
  const auto behind = packet.from(last->offset);
  if (!behind.has(0, 4))
    return {};
  switch (field) {
  case Field::th_sport:
    return Found(behind.u16(0));
  case Field::th_dport:
    return Found(behind.u16(2));
  case Field::icmp6_type:
    return present(behind.u8(0).value(), behind.u8(1).value());
  default:
    return {};
  }
}

Found in_ethernet_layer(Field field, const EthernetHeader &ethernet) {
  switch (field) {
  case Field::ether_src:
    return present(ethernet.source);
  case Field::ether_dst:
    return present(ethernet.destination);
  case Field::ether_type:
    return present(std::uint32_t{ethernet.type});
  case Field::vlan_id:
    return ethernet.tag ? present(std::uint32_t{ethernet.tag->id}) : Found();
  case Field::vlan_type:
    return ethernet.tag ? present(std::uint32_t{ethernet.tag->type}) : Found();
  default:
    break;
  }
  if (field >= Field::stp_type && field <= Field::stp_forward_delay)
    return stp(field, ethernet.network);
  if (field >= Field::arp_htype && field <= Field::arp_gratuitous)
    return arp(field, ethernet.network);
  return ethernet.type == ETH_P_IPV6 ? bridged_ipv6(field, ethernet.network) : bridged_ipv4(field, ethernet.network);
}

/// xt_tcp.c of the kernel: kinds of options, up to the first that is broken. The value is the kind that is asked for.
Found tcp_option(Bytes tcp, std::uint32_t kind) {
  constexpr std::size_t header = 20;
  const auto offset = tcp.u8(12);
  if (!tcp.has(0, header) || !offset)
    return Found(Found::Kind::unreadable);
  const std::size_t length = (*offset >> 4U) * 4UL;
  if (length < header || !tcp.has(0, length))
    return Found(Found::Kind::unreadable);
  const auto options = tcp.first(length).from(header);
  for (std::size_t at = 0; at < options.size();) {
    const auto found = options.u8(at).value();
    if (found == kind)
      return present(kind);
    const auto size = found < 2 ? std::optional<std::uint32_t>(1U) : options.u8(at + 1);
    at += std::max<std::size_t>(size.value_or(1), 1);
  }
  return present(std::uint32_t{256}); // no kind
}

Found icmp(const IpHeader &ip) {
  if (ip.is_later_fragment)
    return {};
  // sizeof(struct icmphdr), sizeof(struct icmp6hdr)
  if (!ip.transport.has(0, 8))
    return Found(Found::Kind::unreadable);
  return present(ip.transport.u8(0).value(), ip.transport.u8(1).value());
}

Found in_ip_layer(const Match &match, const Packet &packet, const EthernetHeader &ethernet, const IpHeader &ip) {
  const auto port = [&](std::size_t at) -> Found {
    constexpr std::size_t sctp_header = 12;
    if (!ip.protocol || ip.is_later_fragment)
      return {};
    if (*ip.protocol == IPPROTO_SCTP && !ip.transport.has(0, sctp_header))
      return Found(Found::Kind::unreadable);
    return Found(ip.transport.u16(at));
  };
  switch (match.field) {
  case Field::ether_src:
    return present(ethernet.source);
  case Field::ip_saddr:
    return Found(ip.packet.ipv4(12));
  case Field::ip_daddr:
    return Found(ip.packet.ipv4(16));
  case Field::ip6_saddr:
    return Found(ip.packet.ipv6(8));
  case Field::ip6_daddr:
    return Found(ip.packet.ipv6(24));
  case Field::ip_protocol:
  case Field::ip6_protocol:
    return ip.protocol ? present(std::uint32_t{*ip.protocol}) : Found();
  case Field::ip_dscp:
  case Field::ip6_dscp:
    return present(std::uint32_t{ip.dscp});
  case Field::th_sport:
    return port(0);
  case Field::th_dport:
    return port(2);
  case Field::tcp_flags:
    return ip.is_later_fragment ? Found() : Found(ip.transport.u8(13));
  case Field::tcp_option:
    return ip.is_later_fragment
               ? Found()
               : tcp_option(ip.transport, std::get<std::uint32_t>(std::get<Literal>(match.operands[0])));
  case Field::icmp_type:
  case Field::icmp6_type:
    return icmp(ip);
  case Field::ct_state:
    return present(packet.state);
  case Field::ct_direction:
    if (packet.state == 0 || packet.state == connection_state::invalid)
      return {};
    return present(std::uint32_t{packet.is_reply});
  case Field::ct_count: // xt_connlimit.c of the kernel drops what has no header that connection tracking finds
    if (!has_tracked_header(ip))
      return Found(Found::Kind::unreadable);
    return present(packet.connections);
  default:
    return {};
  }
}

Found find(const Match &match, Layer layer, const View &view) {
  if (layer == Layer::ethernet)
    return in_ethernet_layer(match.field, view.ethernet);
  return view.ip ? in_ip_layer(match, view.packet, view.ethernet, *view.ip) : Found();
}

template <typename Value> const Value &operand(const Match &match, std::size_t index) {
  return std::get<Value>(std::get<Literal>(match.operands.at(index)));
}

bool equals_masked(const Match &match, const Literal &value) {
  if (const auto *mac = std::get_if<MacAddress>(&value)) {
    const auto &mask = operand<MacAddress>(match, 1);
    return (*mac & mask) == (operand<MacAddress>(match, 0) & mask);
  }
  if (const auto *ipv4 = std::get_if<Ipv4Address>(&value)) {
    const auto mask = Ipv4Address::mask(operand<std::uint32_t>(match, 1));
    return (*ipv4 & mask) == (operand<Ipv4Address>(match, 0) & mask);
  }
  if (const auto *ipv6 = std::get_if<Ipv6Address>(&value)) {
    const auto mask = Ipv6Address::mask(operand<std::uint32_t>(match, 1));
    return (*ipv6 & mask) == (operand<Ipv6Address>(match, 0) & mask);
  }
  return (std::get<std::uint32_t>(value) & operand<std::uint32_t>(match, 1)) == operand<std::uint32_t>(match, 0);
}

bool is_between(const Literal &first, const Literal &value, const Literal &last) {
  return !(value < first) && !(last < value);
}

bool agrees(const Match &match, const Found &found) {
  const auto literal = [&](std::size_t index) -> const Literal & {
    return std::get<Literal>(match.operands.at(index));
  };
  if (match.field == Field::ct_state)
    return (std::get<std::uint32_t>(found.value) & std::get<std::uint32_t>(literal(0))) != 0;
  if (match.field == Field::ct_count)
    return found.value > literal(0);
  if (match.field == Field::icmp_type && literal(0) == Literal(any_icmp_type))
    return true;
  switch (match.form) {
  case Form::single:
    return found.value == literal(0);
  case Form::masked:
    return equals_masked(match, found.value);
  case Form::range:
    return is_between(literal(0), found.value, literal(1));
  case Form::pair:
    return found.value == literal(0) && found.second == literal(1);
  case Form::range_pair:
    return is_between(literal(0), found.value, literal(1)) && is_between(literal(2), found.second, literal(3));
  }
  return false;
}

/// Where a rule asks for an option, all that it asks of TCP is one match of the xtables tools.
bool is_of_tcp_match(const Match &match, const ProgramRule &rule, Layer layer) {
  return layer != Layer::ethernet && match.field >= Field::th_sport && match.field <= Field::tcp_option &&
         std::ranges::any_of(rule.matches, [](const Match &other) { return other.field == Field::tcp_option; });
}

/// xt_tcp.c of the kernel, before it looks at anything.
Holds has_tcp_header(const IpHeader &ip) {
  constexpr std::size_t header = 20;
  if (ip.is_later_fragment)
    return ip.layer == Layer::ipv4 && (ip.packet.u16(6).value() & 0x1fffU) == 1 ? Holds::drops : Holds::no;
  return ip.transport.has(0, header) ? Holds::yes : Holds::drops;
}

} // namespace

Holds holds(const Match &match, const ProgramRule &rule, Layer layer, const View &view) {
  if (is_of_tcp_match(match, rule, layer) && view.ip)
    if (const auto whole = has_tcp_header(*view.ip); whole != Holds::yes)
      return whole;
  if (match.field == Field::set_lookup) {
    const bool is_in = view.packet.sets.contains({operand<std::string>(match, 0), operand<std::string>(match, 1)});
    return is_in != match.negated ? Holds::yes : Holds::no;
  }
  const auto found = find(match, layer, view);
  switch (found.kind) {
  case Found::Kind::absent:
    return Holds::no;
  case Found::Kind::unreadable:
    return Holds::drops;
  case Found::Kind::present:
    break;
  }
  return agrees(match, found) != match.negated ? Holds::yes : Holds::no;
}

std::string actual_value(const Match &match, Layer layer, const View &view) {
  const auto found = find(match, layer, view);
  if (found.kind != Found::Kind::present)
    return {};
  const bool is_pair = match.form == Form::pair || match.form == Form::range_pair;
  Match as_found{match.field, false, is_pair ? Form::pair : Form::single, {}};
  as_found.operands.emplace_back(found.value);
  if (is_pair)
    as_found.operands.emplace_back(found.second);
  const auto text = to_text(as_found, {});
  return text.substr(text.find(' ') + 1);
}

} // namespace nwgate::explain
