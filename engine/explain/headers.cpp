// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/explain/headers.h"

#include <linux/if_ether.h>
#include <netinet/in.h>
#include <netinet/ip6.h>

namespace nwgate::explain {
namespace {

constexpr std::size_t ipv4_header = 20;
constexpr std::size_t ipv6_header = 40;

bool is_extension(std::uint32_t protocol) {
  return protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_ROUTING || protocol == IPPROTO_FRAGMENT ||
         protocol == IPPROTO_AH || protocol == IPPROTO_NONE || protocol == IPPROTO_DSTOPTS;
}

/// The length of the extension header at `at`, of which two bytes are there.
std::size_t extension_length(std::uint32_t protocol, Bytes packet, std::size_t at) {
  const auto length = packet.u8(at + 1).value();
  if (protocol == IPPROTO_FRAGMENT)
    return 8;
  return protocol == IPPROTO_AH ? (length + 2UL) * 4 : (length + 1UL) * 8;
}

bool checksum_is_right(Bytes header) {
  std::uint32_t sum = 0;
  for (std::size_t at = 0; at < header.size(); at += 2)
    sum += header.u16(at).value();
  while (sum > 0xffff)
    sum = (sum & 0xffff) + (sum >> 16U);
  return sum == 0xffff;
}

std::variant<std::monostate, IpHeader, std::string> ipv4(Bytes network) {
  if (!network.has(0, ipv4_header))
    return "an IPv4 header that is cut off";
  const auto first = network.u8(0).value();
  const std::size_t header = (first & 0xfU) * 4UL;
  if (first >> 4U != 4 || header < ipv4_header || !network.has(0, header))
    return "an IPv4 header of a wrong version or length";
  if (!checksum_is_right(network.first(header)))
    return "a wrong checksum in the IPv4 header";
  const auto length = network.u16(2).value();
  if (length > network.size() || length < header)
    return "an IPv4 packet of a wrong length";
  const auto packet = network.first(length);
  const auto fragment = network.u16(6).value() & 0x1fffU;
  return IpHeader{Layer::ipv4,
                  static_cast<std::uint8_t>(network.u8(1).value() >> 2U),
                  static_cast<std::uint8_t>(network.u8(9).value()),
                  fragment != 0,
                  packet,
                  packet.from(header)};
}

/// What the bridge asks of hop-by-hop options (nf_ip6_check_hbh_len), once before it cuts off what is behind the
/// packet's length and once more before it forwards the rest; jumbograms have no way through Ethernet.
bool has_valid_hop_by_hop_options(Bytes packet) {
  const auto words = packet.u8(ipv6_header + 1);
  if (!words || !packet.has(ipv6_header, (*words + 1) * 8UL))
    return false;
  const auto options = packet.from(ipv6_header).first((*words + 1) * 8UL);
  std::size_t at = 2;
  while (at < options.size()) {
    const auto kind = options.u8(at).value();
    const auto length = options.u8(at + 1);
    if (kind == IP6OPT_PAD1) {
      ++at;
      continue;
    }
    if (kind == IP6OPT_JUMBO || !length)
      return false;
    at += 2 + *length;
  }
  return at == options.size();
}

std::variant<std::monostate, IpHeader, std::string> ipv6(Bytes network) {
  if (!network.has(0, ipv6_header) || network.u8(0).value() >> 4U != 6)
    return "an IPv6 header that is cut off, or of a wrong version";
  const auto length = network.u16(4).value() + ipv6_header;
  if (length > network.size())
    return "an IPv6 packet of a wrong length";
  const auto packet = network.first(length);
  if (network.u8(6) == std::uint32_t{IPPROTO_HOPOPTS} && !has_valid_hop_by_hop_options(packet))
    return "broken hop-by-hop options in the IPv6 packet";
  IpHeader header{Layer::ipv6, static_cast<std::uint8_t>(network.u16(0).value() >> 6U & 0x3fU), {}, false, packet, {}};
  if (const auto last = find_last_header(packet)) {
    header.protocol = last->protocol;
    header.is_later_fragment = last->is_later_fragment;
    header.transport = packet.from(last->offset);
  }
  return header;
}

bool is_tag(std::uint32_t type) { return type == ETH_P_8021Q || type == ETH_P_8021AD; }

} // namespace

EthernetHeader ethernet_header(Bytes frame) {
  EthernetHeader header{frame.mac(6).value(), frame.mac(0).value(), {}, {}, frame.from(14)};
  header.type = static_cast<std::uint16_t>(frame.u16(12).value());
  if (!is_tag(header.type))
    return header;
  const auto id = frame.u16(14);
  const auto inner = frame.u16(16);
  header.is_cut_off = !frame.has(14, 6) || (is_tag(*inner) && !frame.has(18, 4));
  if (header.is_cut_off)
    return header;
  auto type = static_cast<std::uint16_t>(*inner);
  if (type < ETH_P_802_3_MIN)
    type = frame.u16(18) == 0xffffU ? ETH_P_802_3 : ETH_P_802_2;
  header.tag = {static_cast<std::uint16_t>(*id & 0xfffU), type};
  header.network = frame.from(18);
  return header;
}

std::optional<LastHeader> skip_extension_headers(Bytes packet) {
  auto protocol = packet.u8(6);
  std::size_t at = ipv6_header;
  while (protocol && is_extension(*protocol)) {
    if (*protocol == IPPROTO_NONE || !packet.has(at, 2))
      return std::nullopt;
    if (*protocol == IPPROTO_FRAGMENT) {
      const auto offset = packet.u16(at + 2);
      if (!offset)
        return std::nullopt;
      if ((*offset & ~7U) != 0)
        return LastHeader{IPPROTO_FRAGMENT, at, true};
    }
    const auto length = extension_length(*protocol, packet, at);
    protocol = packet.u8(at);
    at += length;
  }
  return protocol ? std::optional(LastHeader{static_cast<std::uint8_t>(*protocol), at, false}) : std::nullopt;
}

std::optional<LastHeader> find_last_header(Bytes packet) {
  auto protocol = packet.u8(6);
  std::size_t at = ipv6_header;
  while (protocol && is_extension(*protocol) && *protocol != IPPROTO_NONE) {
    if (!packet.has(at, 2))
      return std::nullopt;
    if (*protocol == IPPROTO_AH)
      break;
    if (*protocol == IPPROTO_ROUTING && !packet.has(at, sizeof(ip6_rthdr)))
      return std::nullopt;
    if (*protocol == IPPROTO_FRAGMENT) {
      const auto offset = packet.u16(at + 2);
      if (!offset)
        return std::nullopt;
      const auto next = packet.u8(at).value();
      if ((*offset & ~7U) != 0)
        return !is_extension(next) || next == IPPROTO_NONE
                   ? std::optional(LastHeader{static_cast<std::uint8_t>(next), at, true})
                   : std::nullopt;
    }
    const auto length = extension_length(*protocol, packet, at);
    protocol = packet.u8(at);
    at += length;
  }
  return protocol ? std::optional(LastHeader{static_cast<std::uint8_t>(*protocol), at, false}) : std::nullopt;
}

std::variant<std::monostate, IpHeader, std::string> ip_header(const EthernetHeader &ethernet) {
  if (ethernet.tag)
    return {};
  if (ethernet.type == ETH_P_IP)
    return ipv4(ethernet.network);
  if (ethernet.type == ETH_P_IPV6)
    return ipv6(ethernet.network);
  if (ethernet.type == ETH_P_ARP && !ethernet.network.has(0, 8)) // br_nf_forward_arp
    return "an ARP header that is cut off";
  return {};
}

std::optional<Fragment> fragment_of(const IpHeader &ip) {
  constexpr std::uint32_t offset_or_more = 0x3fff;
  if (ip.layer == Layer::ipv4) {
    const auto word = ip.packet.u16(6).value();
    return (word & offset_or_more) == 0 ? std::nullopt
                                        : std::optional(Fragment{ip.packet.u16(4).value(), !ip.is_later_fragment});
  }
  constexpr std::uint32_t offset_v6 = 0xfff8;
  auto protocol = ip.packet.u8(6);
  for (auto at = ipv6_header; protocol && is_extension(*protocol) && ip.packet.has(at, 8);) {
    if (*protocol == IPPROTO_NONE)
      break;
    if (*protocol == IPPROTO_FRAGMENT) {
      const auto word = ip.packet.u16(at + 2).value();
      if ((word & offset_v6) == 0 && (word & 1U) == 0)
        return std::nullopt;
      return Fragment{ip.packet.u32(at + 4).value(), (word & offset_v6) == 0};
    }
    const auto length = extension_length(*protocol, ip.packet, at);
    protocol = ip.packet.u8(at);
    at += length;
  }
  return std::nullopt;
}

namespace {

/// The bytes that connection tracking asks of a header (nf_ct_get_tuple).
std::size_t tracked_bytes(std::uint8_t protocol) {
  switch (protocol) {
  case IPPROTO_TCP:
  case IPPROTO_UDP:
  case IPPROTO_UDPLITE:
  case IPPROTO_SCTP:
  case IPPROTO_DCCP:
    return 4;
  case IPPROTO_ICMP:
  case IPPROTO_ICMPV6:
    return 8;
  default:
    return 0;
  }
}

} // namespace

bool has_tracked_header(const IpHeader &ip) {
  if (ip.layer == Layer::ipv4)
    return !ip.is_later_fragment && ip.transport.has(0, tracked_bytes(*ip.protocol));
  const auto last = skip_extension_headers(ip.packet);
  return last && !last->is_later_fragment && ip.packet.from(last->offset).has(0, tracked_bytes(last->protocol));
}

} // namespace nwgate::explain
