// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/explain/frame_writer.h"

#include <linux/if_ether.h>
#include <netinet/in.h>

namespace nwgate::explain {
namespace {

using Frame = std::vector<std::uint8_t>;

void put16(Frame &out, std::uint32_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8U));
  out.push_back(static_cast<std::uint8_t>(value));
}

template <typename Address> void put(Frame &out, const Address &address) {
  out.insert(out.end(), address.bytes.begin(), address.bytes.end());
}

Frame transport(const FrameWords &words) {
  Frame out;
  const auto pad_to = [&out](std::size_t size) { out.resize(size); };
  switch (words.protocol) {
  case IPPROTO_TCP:
    put16(out, words.source_port);
    put16(out, words.destination_port);
    pad_to(20);
    out[12] = 5U << 4U; // words of four bytes
    out[13] = words.tcp_flags;
    break;
  case IPPROTO_UDP:
  case IPPROTO_UDPLITE:
  case IPPROTO_SCTP:
    put16(out, words.source_port);
    put16(out, words.destination_port);
    put16(out, 8); // length, coverage
    pad_to(words.protocol == IPPROTO_SCTP ? 12 : 8);
    break;
  case IPPROTO_ICMP:
  case IPPROTO_ICMPV6:
    out = {words.icmp_type, words.icmp_code};
    pad_to(8);
    break;
  default:
    pad_to(16);
  }
  return out;
}

Frame ipv4(const FrameWords &words, const Ipv4Address &from, const Ipv4Address &to) {
  const auto data = transport(words);
  Frame out{0x45, static_cast<std::uint8_t>(words.dscp << 2U)};
  put16(out, static_cast<std::uint32_t>(20 + data.size()));
  out.insert(out.end(), {0, 1, 0, 0, 64, words.protocol, 0, 0});
  put(out, from);
  put(out, to);
  std::uint32_t sum = 0;
  for (std::size_t at = 0; at < out.size(); at += 2)
    sum += static_cast<std::uint32_t>(out[at] << 8U) + out[at + 1];
  while (sum > 0xffff)
    sum = (sum & 0xffff) + (sum >> 16U);
  out[10] = static_cast<std::uint8_t>(~sum >> 8U);
  out[11] = static_cast<std::uint8_t>(~sum);
  out.insert(out.end(), data.begin(), data.end());
  return out;
}

Frame ipv6(const FrameWords &words, const Ipv6Address &from, const Ipv6Address &to) {
  const auto data = transport(words);
  Frame out;
  put16(out, 0x6000U | static_cast<std::uint32_t>(words.dscp) << 6U);
  put16(out, 0);
  put16(out, static_cast<std::uint32_t>(data.size()));
  out.insert(out.end(), {words.protocol, 64});
  put(out, from);
  put(out, to);
  out.insert(out.end(), data.begin(), data.end());
  return out;
}

Frame arp(const FrameWords &words, const Ipv4Address &from, const Ipv4Address &to) {
  Frame out{0, 1, 0x08, 0, 6, 4}; // Ethernet and IPv4
  put16(out, words.arp_operation);
  put(out, words.source);
  put(out, from);
  put(out, words.ether_type == ETH_P_RARP ? words.source : MacAddress{});
  put(out, to);
  return out;
}

} // namespace

Frame write_frame(const FrameWords &words) {
  Frame out;
  put(out, words.destination);
  put(out, words.source);
  if (words.vlan) {
    put16(out, ETH_P_8021Q);
    put16(out, *words.vlan);
  }
  put16(out, words.ether_type);
  const auto *from4 = std::get_if<Ipv4Address>(&words.from);
  const auto *to4 = std::get_if<Ipv4Address>(&words.to);
  const auto *from6 = std::get_if<Ipv6Address>(&words.from);
  const auto *to6 = std::get_if<Ipv6Address>(&words.to);
  Frame data;
  if (from4 != nullptr && to4 != nullptr)
    data = words.ether_type == ETH_P_IP ? ipv4(words, *from4, *to4) : arp(words, *from4, *to4);
  else if (from6 != nullptr && to6 != nullptr)
    data = ipv6(words, *from6, *to6);
  else if (words.vlan)
    data.resize(2); // the kernel wants to see something behind a tag
  out.insert(out.end(), data.begin(), data.end());
  return out;
}

} // namespace nwgate::explain
