// SPDX-License-Identifier: LGPL-2.1-or-later
/// Where a program keeps what it knows of the packet: registers, and bytes of its stack.
///
/// r6 is the context, r7 the length of the packet, r8 the length that its IP header tells, r9 is free for the part
/// that runs. r0 to r5 do not last.
#pragma once

#include "drivers/bpf/assembler.h"

#include "engine/net/layer.h"

namespace nwgate::bpf {

enum class IpVersion : std::uint8_t { v4, v6 };

constexpr auto context = Reg::r6;
constexpr auto whole_length = Reg::r7;
constexpr auto packet_length = Reg::r8;
constexpr auto scratch = Reg::r9;
constexpr auto frame = Reg::r10;

/// The IP header as it came: 20 bytes of IPv4, 40 of IPv6.
constexpr int ip_header = -40;
/// The key of a lookup: the length of a prefix in 4 bytes, and an address.
constexpr int lookup_key = -64;
/// Four bytes for what is at hand.
constexpr int small_buffer = -108;

/// Port numbers that are not: of a packet that has none there, and of one whose header must not be cut off.
constexpr std::uint32_t no_port = 0xffffffff;
constexpr std::uint32_t unreadable_port = 0xfffffffe;

/// What is behind the IP header as one layer sees it, as places on the stack. None is at a multiple of eight: the
/// kernel's verifier does not follow what is stored elsewhere, and so has fewer states to tell apart.
struct TransportSlots {
  /// So many bytes are copied as there are, the rest is 0.
  int bytes;
  /// How many bytes there are, 255 for more. 0 if the headers before are broken, and of a later fragment. One byte, as
  /// the next three.
  int available;
  /// 1 for a later fragment, where the layer knows such.
  int is_later_fragment;
  /// Of IPv6 only, for the header that the chain of extension headers leads to; IPPROTO_NONE if it is broken.
  int protocol;
  /// Of IPv6 only: 0 if the chain of extension headers is broken.
  int has_protocol;
  /// Four bytes each, in the host's order.
  int source_port;
  int destination_port;
};

/// As far as any match looks: the flags of TCP.
constexpr int transport_bytes = 14;

/// Each of the two views has 16 bytes of the packet and 16 bytes of what is known of them. In IPv4 the bytes are the
/// same for both.
constexpr TransportSlots slots_of(IpVersion version, Layer layer) {
  const bool is_ethernet = layer == Layer::ethernet;
  const int bytes = is_ethernet && version == IpVersion::v6 ? -96 : -80;
  const int known = is_ethernet ? -144 : -128;
  return {bytes, known + 1, known + 2, known + 3, known + 8 + 1, known + 4, known + 8 + 4};
}

} // namespace nwgate::bpf
