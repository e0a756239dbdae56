// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/explain/checksums.h"

#include <netinet/in.h>

namespace nwgate::explain {
namespace {

/// The sum of RFC 1071, folded and not negated.
class Sum {
public:
  void add(std::uint32_t word) { sum_ += word; }
  void add(Bytes bytes) {
    for (std::size_t at = 0; at + 1 < bytes.size(); at += 2)
      sum_ += bytes.u16(at).value();
    if (bytes.size() % 2 != 0)
      sum_ += bytes.u8(bytes.size() - 1).value() << 8U;
  }
  [[nodiscard]] std::uint32_t folded() const {
    auto sum = sum_;
    while (sum > 0xffff)
      sum = (sum & 0xffff) + (sum >> 16U);
    return static_cast<std::uint32_t>(sum);
  }

private:
  std::uint64_t sum_ = 0;
};

Sum pseudo_header(const TrackedPacket &packet, std::uint8_t protocol) {
  Sum sum;
  sum.add(packet.layer == Layer::ipv4 ? packet.packet.from(12).first(8) : packet.packet.from(8).first(32));
  sum.add(static_cast<std::uint32_t>(packet.transport.size()));
  sum.add(protocol);
  return sum;
}

/// `covered` is the part of the packet that the sum is over.
bool holds_with_pseudo_header(const TrackedPacket &packet, std::uint8_t protocol, std::size_t field, Bytes covered) {
  auto sum = pseudo_header(packet, protocol);
  if (packet.transport.u16(field) == sum.folded()) // the card adds the rest
    return true;
  sum.add(covered);
  return sum.folded() == 0xffff;
}

/// CRC-32C, of RFC 9260, over the packet with 0 in the place of the sum, which stands there least byte first.
bool sctp_holds(Bytes sctp) {
  constexpr std::size_t field = 8;
  std::uint32_t crc = 0xffffffff;
  std::uint32_t stated = 0;
  for (std::size_t at = 0; at < sctp.size(); ++at) {
    const bool is_sum = at >= field && at < field + 4;
    const auto byte = sctp.u8(at).value();
    if (is_sum)
      stated |= byte << (8 * (at - field));
    crc ^= is_sum ? 0 : byte;
    for (int bit = 0; bit < 8; ++bit)
      crc = crc >> 1U ^ ((crc & 1U) != 0 ? 0x82f63b78U : 0U);
  }
  return stated == 0 || stated == ~crc; // 0: the card adds it
}

} // namespace

bool checksum_holds(const TrackedPacket &packet) {
  const auto &transport = packet.transport;
  switch (packet.protocol) {
  case IPPROTO_TCP:
    return holds_with_pseudo_header(packet, IPPROTO_TCP, 16, transport);
  case IPPROTO_UDP:
    return transport.u16(6) == 0U || holds_with_pseudo_header(packet, IPPROTO_UDP, 6, transport);
  case IPPROTO_UDPLITE: {
    // The kernel sums it up as if it were UDP (nf_conntrack_proto_udp.c).
    const auto coverage = transport.u16(4).value_or(0);
    return holds_with_pseudo_header(packet, IPPROTO_UDP, 6, coverage == 0 ? transport : transport.first(coverage));
  }
  case IPPROTO_ICMP: {
    Sum sum;
    sum.add(transport);
    return sum.folded() == 0xffff;
  }
  case IPPROTO_ICMPV6:
    return holds_with_pseudo_header(packet, IPPROTO_ICMPV6, 2, transport);
  case IPPROTO_SCTP:
    return sctp_holds(transport);
  default:
    return true;
  }
}

} // namespace nwgate::explain
