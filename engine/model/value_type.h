// SPDX-License-Identifier: LGPL-2.1-or-later
/// The datatypes of nwfilter attributes: what text they accept and which literal it stands for.
#pragma once

#include "engine/net/literal.h"

#include <optional>
#include <string_view>

namespace nwgate {

/// Numbers are tried as decimal first, then as hexadecimal with or without `0x`, as libvirt does.
enum class ValueType : std::uint8_t {
  u8,
  u16,
  u32,
  mac,
  mac_mask,
  ipv4,
  /// 0 to 32 or a dotted contiguous mask; the literal is the prefix length.
  ipv4_mask,
  ipv6,
  /// 0 to 128 or an address that is a contiguous mask; the literal is the prefix length.
  ipv6_mask,
  /// `true`, `1`, `yes` are 1, `false`, `0`, `no` are 0.
  boolean,
  comment,
  set_name,
  /// 1 to 6 words `src` or `dst`; the literal is their list in lower case, `src,dst`.
  set_flags,
  /// A name or a number from 0x600 (IEEE 802.3: smaller numbers are lengths).
  ether_type,
  /// A name or a number from 0x3c, the bound of libvirt.
  encapsulated_type,
  vlan_id,
  arp_opcode,
  ip_protocol,
  dscp,
  /// Decimal only.
  connection_count,
  /// A set of connection states, bits of ConnectionState.
  states,
  /// `MASK/COMPARE`; the literal is mask << 8 | compare.
  tcp_flags,
};

/// Connection states; the literal of `states` is a set of them. `none` alone means that no state is matched.
namespace connection_state {
inline constexpr std::uint32_t new_state = 1U;
inline constexpr std::uint32_t established = 2U;
inline constexpr std::uint32_t related = 4U;
inline constexpr std::uint32_t invalid = 8U;
inline constexpr std::uint32_t none = 16U;
} // namespace connection_state

/// XT_MAX_COMMENT_LEN (linux/netfilter/xt_comment.h) is 256 with the terminator.
inline constexpr std::size_t max_comment = 255;

/// The literal that `text` stands for, or nothing if the type does not accept it.
std::optional<Literal> parse_value(ValueType type, std::string_view text);

/// For messages: `an IPv4 address`, `a number from 0 to 63`.
std::string_view describe(ValueType type);

} // namespace nwgate
