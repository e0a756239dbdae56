// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/explain/packet_summary.h"

#include "engine/explain/frame_writer.h"
#include "engine/explain/headers.h"
#include "engine/explain/ip_protocols.h"
#include "engine/program/names.h"

#include <fmt/format.h>
#include <linux/if_ether.h>
#include <netinet/in.h>

namespace nwgate {
namespace {

using explain::Bytes;

constexpr std::size_t ipv6_header = 40;

struct IpWords {
  std::uint32_t protocol = 0;
  std::string from;
  std::string to;
  std::uint32_t dscp = 0;
  Bytes transport;
  bool is_v6 = false;
};

std::optional<IpWords> ipv4(Bytes packet) {
  if (!packet.has(0, 20) || packet.u8(0).value() >> 4U != 4)
    return std::nullopt;
  IpWords words{packet.u8(9).value(),
                packet.ipv4(12)->to_string(),
                packet.ipv4(16)->to_string(),
                packet.u8(1).value() >> 2U,
                {},
                false};
  if ((packet.u16(6).value() & 0x1fffU) == 0)
    words.transport = packet.first(packet.u16(2).value()).from((packet.u8(0).value() & 0xfU) * 4UL);
  return words;
}

std::optional<IpWords> ipv6(Bytes packet) {
  if (!packet.has(0, ipv6_header) || packet.u8(0).value() >> 4U != 6)
    return std::nullopt;
  IpWords words{packet.u8(6).value(),
                packet.ipv6(8)->to_string(),
                packet.ipv6(24)->to_string(),
                packet.u16(0).value() >> 6U & 0x3fU,
                {},
                true};
  if (const auto last = explain::find_last_header(packet)) {
    words.protocol = last->protocol;
    if (!last->is_later_fragment)
      words.transport = packet.first(packet.u16(4).value() + ipv6_header).from(last->offset);
  }
  return words;
}

bool has_ports(std::uint32_t protocol) {
  return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE || protocol == IPPROTO_SCTP;
}

/// Behind the ends: what of the protocol's header differs from what is taken for granted.
std::string transport_words(const IpWords &ip) {
  constexpr std::uint32_t syn = 2;
  constexpr std::uint32_t known_flags = 0x3f;
  if (ip.protocol == IPPROTO_TCP) {
    const auto flags = ip.transport.u8(13);
    return !flags || *flags == syn ? "" : " flags " + tcp_flags_to_text(*flags & known_flags);
  }
  if (ip.protocol != IPPROTO_ICMP && ip.protocol != IPPROTO_ICMPV6)
    return {};
  std::string text;
  const auto type = ip.transport.u8(0);
  if (type && *type != (ip.is_v6 ? 128U : 8U))
    text += fmt::format(" type {}", *type);
  if (const auto code = ip.transport.u8(1).value_or(0); code != 0)
    text += fmt::format(" code {}", code);
  return text;
}

std::string ip_words(const IpWords &ip) {
  const auto end = [&](const std::string &address, std::size_t at) {
    const auto port = ip.transport.u16(at);
    if (!has_ports(ip.protocol) || !port)
      return address;
    return ip.is_v6 ? fmt::format("[{}]:{}", address, *port) : fmt::format("{}:{}", address, *port);
  };
  const auto name = explain::name_of_protocol(static_cast<std::uint8_t>(ip.protocol));
  const bool fits = name != (ip.is_v6 ? "icmp" : "icmpv6") && !(ip.is_v6 && name == "igmp");
  auto text = name.empty() || !fits ? fmt::format("ip {}", ip.protocol) : std::string(name);
  text += fmt::format(" {} > {}{}", end(ip.from, 0), end(ip.to, 2), transport_words(ip));
  return ip.dscp == 0 ? text : text + fmt::format(" dscp {}", ip.dscp);
}

std::string arp_words(std::uint16_t type, Bytes packet) {
  const bool is_arp = type == ETH_P_ARP;
  const auto from = packet.ipv4(14);
  const auto to = packet.ipv4(24);
  if (!to || packet.u32(0) != 0x00010800U || packet.u16(4) != 0x0604U)
    return fmt::format("ether {:#06x}", type);
  auto text = fmt::format("{} {} > {}", is_arp ? "arp" : "rarp", from->to_string(), to->to_string());
  const auto operation = packet.u16(6).value();
  return operation == (is_arp ? 1U : 3U) ? text : text + fmt::format(" op {}", operation);
}

std::string network_words(std::uint16_t type, Bytes network) {
  if (type == ETH_P_IP || type == ETH_P_IPV6) {
    if (const auto ip = type == ETH_P_IP ? ipv4(network) : ipv6(network))
      return ip_words(*ip);
  } else if (type == ETH_P_ARP || type == ETH_P_RARP) {
    return arp_words(type, network);
  }
  return fmt::format("ether {:#06x}", type);
}

/// What connection tracking says; it sees IP without tags only.
std::string state_words(const Packet &packet) {
  if (packet.state == 0)
    return " untracked";
  const auto text = ' ' + states_to_text(packet.state);
  return packet.is_reply ? text + " reply" : text;
}

} // namespace

std::string summary_of(const Packet &packet, const MacAddress &workload) {
  const auto ethernet = explain::ethernet_header(Bytes(packet.frame));
  const bool is_out = packet.direction == Direction::out;
  const auto type = ethernet.tag ? ethernet.tag->type : ethernet.type;
  auto text = fmt::format("{} {}", name_of(packet.direction), network_words(type, ethernet.network));
  if (is_out && ethernet.source != workload)
    text += " from " + ethernet.source.to_string();
  const bool is_to_group = (ethernet.destination.bytes[0] & 1U) != 0;
  if (is_to_group || (!is_out && ethernet.destination != workload))
    text += " to " + ethernet.destination.to_string();
  if (ethernet.tag)
    return text + fmt::format(" vlan {}", ethernet.tag->id);
  const bool is_tracked = std::holds_alternative<explain::IpHeader>(explain::ip_header(ethernet));
  return is_tracked ? text + state_words(packet) : text;
}

} // namespace nwgate
