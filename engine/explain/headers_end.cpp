// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/explain/headers_end.h"

#include "engine/explain/headers.h"

#include <algorithm>
#include <linux/if_ether.h>
#include <netinet/in.h>

namespace nwgate::explain {
namespace {

constexpr std::size_t ipv4_header = 20;
constexpr std::size_t ipv6_header = 40;
constexpr std::size_t arp_packet = 28;
/// The longest BPDU that ebtables looks at, with its LLC header.
constexpr std::size_t bpdu = 38;

/// From the protocol's header on. Of SCTP all chunks count.
std::size_t transport_end(Layer layer, std::uint32_t protocol, Bytes transport) {
  constexpr std::size_t icmp_header = 8;
  constexpr std::size_t quoted_ports = 8;
  const auto type = transport.u8(0).value_or(0);
  switch (protocol) {
  case IPPROTO_TCP:
    return std::max<std::size_t>(20, (transport.u8(12).value_or(0) >> 4U) * 4UL);
  case IPPROTO_UDP:
  case IPPROTO_UDPLITE:
    return 8;
  case IPPROTO_SCTP:
    return transport.size();
  case IPPROTO_ICMP:
    if (layer == Layer::ipv6 || (type != 3 && type != 4 && type != 5 && type != 11 && type != 12))
      return icmp_header;
    return icmp_header + (transport.u8(icmp_header).value_or(0) & 0xfU) * 4UL + quoted_ports;
  case IPPROTO_ICMPV6:
    if (type >= 128)
      return icmp_header;
    return icmp_header + ipv6_header + quoted_ports;
  default:
    return 0;
  }
}

std::size_t ipv4_end(Bytes packet) {
  const auto header = std::max(ipv4_header, (packet.u8(0).value_or(0) & 0xfU) * 4UL);
  if ((packet.u16(6).value_or(0) & 0x1fffU) != 0)
    return header;
  return header + transport_end(Layer::ipv4, packet.u8(9).value_or(0), packet.from(header));
}

std::size_t ipv6_end(Bytes packet) {
  const auto last = packet.has(0, ipv6_header) ? skip_extension_headers(packet) : std::nullopt;
  if (!last)
    return packet.size();
  if (last->is_later_fragment)
    return last->offset + 8;
  return last->offset + transport_end(Layer::ipv6, last->protocol, packet.from(last->offset));
}

} // namespace

std::size_t headers_end(Bytes frame) {
  const auto ethernet = ethernet_header(frame);
  const auto link = frame.size() - ethernet.network.size();
  const auto type = ethernet.tag ? ethernet.tag->type : ethernet.type;
  const auto length = [&]() -> std::size_t {
    switch (type) {
    case ETH_P_IP:
      return ipv4_end(ethernet.network);
    case ETH_P_IPV6:
      return ipv6_end(ethernet.network);
    case ETH_P_ARP:
    case ETH_P_RARP:
      return arp_packet;
    default:
      return type < ETH_P_802_3_MIN ? bpdu : 0;
    }
  }();
  return std::min(link + length, frame.size());
}

} // namespace nwgate::explain
