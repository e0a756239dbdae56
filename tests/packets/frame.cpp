// SPDX-License-Identifier: LGPL-2.1-or-later
#include "frame.h"

#include <algorithm>
#include <tins/tins.h>
#include <type_traits>
#include <utility>

namespace nwgate::packets {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t smallest_frame = 60;
constexpr std::size_t ethernet_header = 14;

/// Numbers in network order, one behind the other.
class Writer {
public:
  Writer &u8(unsigned value) { return number(value, 1); }
  Writer &u16(unsigned value) { return number(value, 2); }
  Writer &u32(std::uint32_t value) { return number(value, 4); }
  Writer &mac(const std::string &text) {
    const Tins::HWAddress<6> address(text);
    bytes_.insert(bytes_.end(), address.begin(), address.end());
    return *this;
  }
  Writer &text(const std::string &text) {
    bytes_.insert(bytes_.end(), text.begin(), text.end());
    return *this;
  }
  Writer &append(const Bytes &more) {
    bytes_.insert(bytes_.end(), more.begin(), more.end());
    return *this;
  }
  Bytes take() { return std::move(bytes_); }

private:
  Writer &number(std::uint32_t value, unsigned size) {
    while (size-- > 0)
      bytes_.push_back(static_cast<std::uint8_t>(value >> (8 * size)));
    return *this;
  }

  Bytes bytes_;
};

Bytes serialize(const Ether &frame, const std::string &marker) {
  Tins::EthernetII ether(frame.dst_mac, frame.src_mac);
  ether.payload_type(frame.type);
  ether /= Tins::RawPDU(marker);
  return ether.serialize();
}

Bytes serialize(const Vlan &frame, const std::string &marker) {
  Tins::EthernetII ether(frame.dst_mac, frame.src_mac);
  Tins::Dot1Q tag(frame.id);
  tag.payload_type(frame.type);
  ether /= tag;
  ether /= Tins::RawPDU(marker);
  auto bytes = ether.serialize();
  bytes[12] = static_cast<std::uint8_t>(frame.tag >> 8);
  bytes[13] = static_cast<std::uint8_t>(frame.tag);
  return bytes;
}

/// By hand: libtins counts the times of a BPDU in whole seconds.
Bytes serialize(const Stp &frame, const std::string &marker) {
  constexpr unsigned llc_and_bpdu = 3 + 35;
  Writer header;
  header.mac(frame.dst_mac).mac(frame.src_mac).u16(llc_and_bpdu).u16(0x4242).u8(3);
  const Bytes protocol(frame.is_real ? 2 : 1);
  return header.append(protocol)
      .u8(0) // version
      .u8(frame.type)
      .u8(frame.flags)
      .u16(frame.root_priority)
      .mac(frame.root_address)
      .u32(frame.root_cost)
      .u16(frame.sender_priority)
      .mac(frame.sender_address)
      .u16(frame.port)
      .u16(frame.age)
      .u16(frame.max_age)
      .u16(frame.hello_time)
      .u16(frame.forward_delay)
      .text(marker)
      .take();
}

Bytes serialize(const Arp &frame, const std::string &marker) {
  Tins::ARP arp(frame.target_ip, frame.sender_ip, frame.target_mac, frame.sender_mac);
  arp.opcode(static_cast<Tins::ARP::Flags>(frame.opcode));
  arp.hw_addr_format(frame.hwtype);
  arp.prot_addr_format(frame.protocoltype);
  Tins::EthernetII ether(frame.dst_mac, frame.src_mac);
  auto bytes = (ether / arp).serialize();
  bytes[12] = static_cast<std::uint8_t>(frame.type >> 8);
  bytes[13] = static_cast<std::uint8_t>(frame.type);
  bytes.resize(ethernet_header + 28); // the marker takes the place of the padding
  return Writer().append(bytes).text(marker).take();
}

std::uint32_t crc32c(const Bytes &bytes) {
  std::uint32_t crc = ~0U;
  for (const auto byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit)
      crc = crc >> 1U ^ ((crc & 1U) != 0 ? 0x82f63b78U : 0U);
  }
  return ~crc;
}

/// INIT, which opens an association, or a chunk of the same form.
Bytes sctp(const Ip &packet, const std::string &marker) {
  const auto padded = marker + std::string((4 - marker.size() % 4) % 4, ' ');
  // A parameter of a type that may be skipped holds the marker.
  const auto with_sum = [&](std::uint32_t sum) {
    return Writer()
        .u16(packet.sport)
        .u16(packet.dport)
        .u32(packet.chunk == 1 ? 0 : packet.acknowledged)
        .u32(__builtin_bswap32(sum))
        .u8(packet.chunk)
        .u8(0)
        .u16(static_cast<unsigned>(20 + 4 + padded.size()))
        .u32(packet.sequence)
        .u32(65536)
        .u16(1)
        .u16(1)
        .u32(1)
        .u16(0x8888)
        .u16(static_cast<unsigned>(4 + padded.size()))
        .text(padded)
        .take();
  };
  return with_sum(crc32c(with_sum(0)));
}

std::uint16_t internet_checksum(const Bytes &bytes) {
  std::uint32_t sum = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at)
    sum += at % 2 == 0 ? static_cast<std::uint32_t>(bytes[at]) << 8U : bytes[at];
  while (sum >> 16U != 0)
    sum = (sum & 0xffffU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum);
}

Tins::TCP tcp(const Ip &packet) {
  Tins::TCP header(packet.dport, packet.sport);
  header.flags(packet.flags);
  header.seq(packet.sequence);
  header.ack_seq(packet.acknowledged);
  header.window(8000);
  for (const auto kind : packet.options) {
    const Bytes data(kind == 3 ? 1 : kind == 4 ? 0 : kind == 8 ? 8 : 2);
    header.add_option({static_cast<std::uint8_t>(kind), data.begin(), data.end()});
  }
  return header;
}

Bytes addresses_of(const Tins::IP &ip) {
  const auto number = [](const Tins::IPv4Address &address) { return __builtin_bswap32(address); };
  return Writer().u32(number(ip.src_addr())).u32(number(ip.dst_addr())).take();
}

Bytes addresses_of(const Tins::IPv6 &ip) {
  const auto from = ip.src_addr();
  const auto to = ip.dst_addr();
  return Writer().append({from.begin(), from.end()}).append({to.begin(), to.end()}).take();
}

/// libtins' headers know their checksums, but for these protocols it has none.
/// `addresses` are those of the packet, which a checksum may cover.
Bytes other_header(const Ip &packet, const Bytes &addresses, const std::string &marker) {
  switch (packet.protocol) {
  case IPPROTO_SCTP:
    return sctp(packet, marker);
  case IPPROTO_IGMP: {
    const auto with_sum = [&](unsigned sum) {
      return Writer().u8(0x16).u8(0).u16(sum).u32(0xe0000101).text(marker).take();
    };
    return with_sum(internet_checksum(with_sum(0)));
  }
  case IPPROTO_ESP:
    return Writer().u32(0x1000).u32(1).text(marker).take();
  case IPPROTO_AH:
    return Writer().u8(253).u8(4).u16(0).u32(0x1000).u32(1).u32(0).u32(0).u32(0).text(marker).take();
  case IPPROTO_UDPLITE: {
    const auto with_sum = [&](unsigned sum) { // the coverage of 8 is the header
      return Writer().u16(packet.sport).u16(packet.dport).u16(8).u16(sum).take();
    };
    const auto size = static_cast<unsigned>(8 + marker.size());
    auto summed = Writer().append(addresses).u32(size).u32(packet.protocol).append(with_sum(0)).take();
    return Writer().append(with_sum(internet_checksum(summed))).text(marker).take();
  }
  case 33: // DCCP: a request
    return Writer()
        .u16(packet.sport)
        .u16(packet.dport)
        .u8(5)
        .u8(0)
        .u16(0)
        .u32(0x01000000)
        .u32(1)
        .u32(0)
        .text(marker)
        .take();
  default:
    return {marker.begin(), marker.end()};
  }
}

/// The whole packet is covered. libtins would add the header's address if that is 0.0.0.0 and no frame is around it.
template <typename Header> Bytes behind_header(const Header &ip) {
  const auto frame = (Tins::EthernetII(std::string(mac_b), std::string(mac_a)) / ip).serialize();
  const auto start = frame.begin() + ethernet_header;
  return {start + ip.header_size(), start + ip.size()};
}

Bytes v4(const Ip &packet, const std::string &marker);

/// The marker stands behind the quoted packet, whose data it seems to be.
Bytes icmp_error(const Ip &packet, const std::string &marker) {
  const auto quoted = v4(packet.quoted.front(), "");
  const auto with_sum = [&](unsigned sum) {
    return Writer()
        .u8(static_cast<unsigned>(packet.type))
        .u8(packet.code)
        .u16(sum)
        .u32(0)
        .append({quoted.begin() + ethernet_header, quoted.begin() + ethernet_header + 28})
        .text(marker)
        .take();
  };
  return with_sum(internet_checksum(with_sum(0)));
}

/// What stands behind the header of IP, with its checksum. `Header` is IP or IPv6.
template <typename Header> Bytes transport(const Header &ip, const Ip &packet, const std::string &marker) {
  const Tins::RawPDU data(marker);
  auto whole = ip;
  if (packet.fragment_offset != 0)
    return {marker.begin(), marker.end()};
  switch (packet.protocol) {
  case IPPROTO_TCP:
    whole /= tcp(packet) / data;
    break;
  case IPPROTO_UDP:
    whole /= Tins::UDP(packet.dport, packet.sport) / data;
    break;
  case IPPROTO_ICMP: {
    if (!packet.quoted.empty())
      return icmp_error(packet, marker);
    Tins::ICMP icmp;
    icmp.set_echo_request(packet.sport, 1);
    if (packet.type >= 0)
      icmp.type(static_cast<Tins::ICMP::Flags>(packet.type));
    icmp.code(packet.code);
    whole /= icmp / data;
    break;
  }
  case IPPROTO_ICMPV6: {
    Tins::ICMPv6 icmp(Tins::ICMPv6::ECHO_REQUEST);
    icmp.identifier(packet.sport);
    whole /= icmp / data;
    auto bytes = behind_header(whole);
    // Types of which libtins knows a body would get it: the header is the same for all.
    const auto type = static_cast<std::uint8_t>(packet.type >= 0 ? packet.type : 128);
    const unsigned sum = static_cast<unsigned>(bytes[2]) << 8U | bytes[3];
    const auto words = [](unsigned high, unsigned low) { return high << 8U | low; };
    const unsigned more = sum + words(bytes[0], bytes[1]) + (~words(type, packet.code) & 0xffffU);
    const auto folded = (more & 0xffffU) + (more >> 16U);
    const auto sum_of_type = (folded & 0xffffU) + (folded >> 16U);
    bytes[0] = type;
    bytes[1] = packet.code;
    bytes[2] = static_cast<std::uint8_t>(sum_of_type >> 8U);
    bytes[3] = static_cast<std::uint8_t>(sum_of_type);
    return bytes;
  }
  default:
    return other_header(packet, addresses_of(ip), marker);
  }
  return behind_header(whole);
}

Bytes v4(const Ip &packet, const std::string &marker) {
  Tins::IP ip(packet.dst.empty() ? "10.0.0.2" : packet.dst, packet.src.empty() ? "10.0.0.1" : packet.src);
  ip.ttl(64);
  ip.tos(packet.tos);
  auto inner = transport(ip, packet, marker);
  if (packet.bad_checksum)
    inner.at(packet.protocol == IPPROTO_TCP ? 16 : packet.protocol == IPPROTO_UDP ? 6 : 2) ^= 0x55;
  ip.protocol(packet.protocol);
  ip.fragment_offset(packet.fragment_offset);
  return (Tins::EthernetII(packet.dst_mac, packet.src_mac) / ip / Tins::RawPDU(inner)).serialize();
}

Bytes v6(const Ip &packet, const std::string &marker) {
  Tins::IPv6 ip(packet.dst.empty() ? "fd00::2" : packet.dst, packet.src.empty() ? "fd00::1" : packet.src);
  ip.hop_limit(255);
  ip.traffic_class(packet.tos);
  auto inner = transport(ip, packet, marker);
  if (packet.bad_checksum)
    inner.at(packet.protocol == IPPROTO_TCP ? 16 : packet.protocol == IPPROTO_UDP ? 6 : 2) ^= 0x55;
  auto extensions = packet.extensions;
  if (packet.fragment_offset != 0)
    extensions.push_back(IPPROTO_FRAGMENT);
  auto next = packet.protocol;
  for (auto extension = extensions.rbegin(); extension != extensions.rend(); ++extension) {
    Writer header;
    if (*extension == IPPROTO_FRAGMENT)
      header.u8(next).u8(0).u16(packet.fragment_offset * 8U).u32(1);
    else
      header.u8(next).u8(0).u8(1).u8(4).u32(0); // padding
    inner = header.append(inner).take();
    next = *extension;
  }
  ip.next_header(next);
  return (Tins::EthernetII(packet.dst_mac, packet.src_mac) / ip / Tins::RawPDU(inner)).serialize();
}

Bytes serialize(const Ip &packet, const std::string &marker) {
  return packet.version == 4 ? v4(packet, marker) : v6(packet, marker);
}

} // namespace

Bytes bytes_of(const Frame &frame, const std::string &marker) {
  auto bytes = std::visit([&](const auto &one) { return serialize(one, marker); }, frame);
  bytes.resize(std::max(bytes.size(), smallest_frame));
  return bytes;
}

Frame mirrored(Frame frame) {
  std::visit(
      [](auto &one) {
        using T = std::decay_t<decltype(one)>;
        if constexpr (!std::is_same_v<T, Stp>) // its destination is the same for all
          std::swap(one.src_mac, one.dst_mac);
        if constexpr (std::is_same_v<T, Arp>) {
          std::swap(one.sender_mac, one.target_mac);
          std::swap(one.sender_ip, one.target_ip);
        }
        if constexpr (std::is_same_v<T, Ip>) {
          const bool is_v4 = one.version == 4;
          if (one.src.empty())
            one.src = is_v4 ? "10.0.0.1" : "fd00::1";
          if (one.dst.empty())
            one.dst = is_v4 ? "10.0.0.2" : "fd00::2";
          std::swap(one.src, one.dst);
          if (one.protocol != IPPROTO_ICMP && one.protocol != IPPROTO_ICMPV6)
            std::swap(one.sport, one.dport);
        }
      },
      frame);
  return frame;
}

} // namespace nwgate::packets
