// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/explain/tuple.h"

#include <algorithm>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <utility>

namespace nwgate::explain {
namespace {

constexpr std::size_t ipv4_header = 20;
constexpr std::size_t ipv6_header = 40;
constexpr std::size_t icmp_header = 8;

/// RFC 4620, node information.
constexpr std::uint8_t icmp6_information_query = 139;
constexpr std::uint8_t icmp6_information_reply = 140;

struct Exchange {
  std::uint8_t question;
  std::uint8_t answer;
};

constexpr std::array exchanges_v4 = {Exchange{ICMP_ECHO, ICMP_ECHOREPLY}, Exchange{ICMP_TIMESTAMP, ICMP_TIMESTAMPREPLY},
                                     Exchange{ICMP_INFO_REQUEST, ICMP_INFO_REPLY},
                                     Exchange{ICMP_ADDRESS, ICMP_ADDRESSREPLY}};
constexpr std::array exchanges_v6 = {Exchange{ICMP6_ECHO_REQUEST, ICMP6_ECHO_REPLY},
                                     Exchange{icmp6_information_query, icmp6_information_reply}};

bool has_ports(std::uint8_t protocol) {
  return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE || protocol == IPPROTO_SCTP;
}

bool is_icmp(std::uint8_t protocol) { return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6; }

std::uint8_t icmp_type(const Tuple &tuple) { return static_cast<std::uint8_t>(tuple.destination_id >> 8U); }

template <typename Function> void with_exchanges(const Tuple &tuple, Function function) {
  if (tuple.protocol == IPPROTO_ICMP)
    std::ranges::for_each(exchanges_v4, function);
  else
    std::ranges::for_each(exchanges_v6, function);
}

template <typename Address> void put(std::array<std::uint8_t, 16> &target, const std::optional<Address> &address) {
  if (address)
    std::ranges::copy(address->bytes, target.begin());
}

} // namespace

std::optional<TrackedPacket> tracked_packet(const IpHeader &ip) {
  if (ip.layer == Layer::ipv4) {
    if (ip.is_later_fragment || !ip.protocol)
      return std::nullopt;
    return TrackedPacket{ip.layer, *ip.protocol, ip.packet, ip.transport, !fragment_of(ip)};
  }
  const auto last = skip_extension_headers(ip.packet); // unlike the rules, it passes over AH
  if (!last || last->is_later_fragment)
    return std::nullopt;
  return TrackedPacket{ip.layer, last->protocol, ip.packet, ip.packet.from(last->offset), !fragment_of(ip)};
}

std::optional<TrackedPacket> quoted_packet(const TrackedPacket &error) {
  const auto packet = error.transport.from(icmp_header);
  if (error.layer == Layer::ipv4) {
    const auto length = (packet.u8(0).value_or(0) & 0xfU) * 4UL;
    if (!packet.has(0, ipv4_header) || length < ipv4_header || (packet.u16(6).value() & 0x1fffU) != 0)
      return std::nullopt;
    return TrackedPacket{error.layer, static_cast<std::uint8_t>(packet.u8(9).value()), packet, packet.from(length),
                         false};
  }
  const auto last = skip_extension_headers(packet);
  if (!packet.has(0, ipv6_header) || !last || last->is_later_fragment)
    return std::nullopt;
  return TrackedPacket{error.layer, last->protocol, packet, packet.from(last->offset), false};
}

std::optional<Tuple> tuple_of(const TrackedPacket &packet) {
  Tuple tuple{packet.layer, packet.protocol, {}, {}, 0, 0};
  if (packet.layer == Layer::ipv4) {
    put(tuple.source, packet.packet.ipv4(12));
    put(tuple.destination, packet.packet.ipv4(16));
  } else {
    put(tuple.source, packet.packet.ipv6(8));
    put(tuple.destination, packet.packet.ipv6(24));
  }
  const auto number = [&](std::size_t at) { return static_cast<std::uint16_t>(packet.transport.u16(at).value()); };
  if (has_ports(packet.protocol)) {
    if (!packet.transport.has(0, 4))
      return std::nullopt;
    tuple.source_id = number(0);
    tuple.destination_id = number(2);
  } else if (is_icmp(packet.protocol)) {
    if (!packet.transport.has(0, icmp_header))
      return std::nullopt;
    tuple.source_id = number(4);
    tuple.destination_id = number(0);
  }
  return tuple;
}

std::optional<Tuple> answer_to(const Tuple &tuple) {
  auto answer = tuple;
  std::swap(answer.source, answer.destination);
  if (!is_icmp(tuple.protocol)) {
    std::swap(answer.source_id, answer.destination_id);
    return answer;
  }
  std::optional<std::uint8_t> type;
  with_exchanges(tuple, [&](const Exchange &exchange) {
    if (icmp_type(tuple) == exchange.question)
      type = exchange.answer;
    else if (icmp_type(tuple) == exchange.answer)
      type = exchange.question;
  });
  if (!type)
    return std::nullopt;
  answer.destination_id = static_cast<std::uint16_t>(std::uint32_t{*type} << 8U | (tuple.destination_id & 0xffU));
  return answer;
}

bool can_begin(const Tuple &tuple) {
  if (!is_icmp(tuple.protocol))
    return true;
  bool is_question = false;
  with_exchanges(tuple, [&](const Exchange &exchange) { is_question |= icmp_type(tuple) == exchange.question; });
  return is_question;
}

} // namespace nwgate::explain
