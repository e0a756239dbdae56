// SPDX-License-Identifier: LGPL-2.1-or-later
/// The bytes of packets' fields, and of what sets hold, as nft(8) writes them.
#pragma once

#include "drivers/netlink/names.h"

#include <cstdint>
#include <optional>
#include <string>

namespace nwgate::nftables {

enum class ValueKind : std::uint8_t {
  /// `0x0003`: what is not known better.
  bytes,
  mac,
  ipv4,
  ipv6,
  /// Big-endian, decimal.
  number,
  /// `0x0806`.
  ether_type,
  /// `tcp`, or the number.
  protocol,
  interface_name,
  /// The rest are in the host's byte order.
  interface_index,
  mark,
  /// The id of a cgroup, decimal.
  cgroup,
  connection_state,
  connection_direction,
  tcp_flags,
  /// In the bits of a byte of IPv4, and of two bytes of IPv6.
  dscp,
  dscp6,
};

std::string value_text(ValueKind kind, netlink::Bytes value);

/// `0x` and the digits of each byte.
std::string hex_text(netlink::Bytes value);

/// The length of an address' prefix that the mask leaves; nothing if it is no prefix.
std::optional<unsigned> prefix_of(netlink::Bytes mask);

/// `10.0.0.0/8`, `80-90`; the value alone if both are the same.
std::string interval_text(ValueKind kind, netlink::Bytes first, netlink::Bytes last);

} // namespace nwgate::nftables
