// SPDX-License-Identifier: LGPL-2.1-or-later
/// Frames from what somebody says of them.
#pragma once

#include "engine/net/ip_address.h"
#include "engine/net/mac_address.h"

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

namespace nwgate::explain {

inline constexpr std::size_t ethernet_header_size = 14;

/// Fields of a frame; those of headers that it does not have are passed over.
struct FrameWords {
  using Address = std::variant<std::monostate, Ipv4Address, Ipv6Address>;

  MacAddress source;
  MacAddress destination;
  std::optional<std::uint16_t> vlan;
  std::uint16_t ether_type = 0;
  /// The ends of an IP packet, or sender and target of ARP.
  Address from;
  Address to;
  std::uint16_t arp_operation = 1;
  std::uint8_t protocol = 0;
  std::uint8_t dscp = 0;
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  /// SYN.
  std::uint8_t tcp_flags = 2;
  std::uint8_t icmp_type = 8;
  std::uint8_t icmp_code = 0;
};

/// The frame with the headers that belong to its types, without data. Only the IPv4 header has a checksum: nothing
/// looks at others.
std::vector<std::uint8_t> write_frame(const FrameWords &words);

} // namespace nwgate::explain
