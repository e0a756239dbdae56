// SPDX-License-Identifier: LGPL-2.1-or-later
/// The two ends of a packet's connection, as connection tracking takes them from its headers.
#pragma once

#include "engine/explain/headers.h"

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <variant>

namespace nwgate::explain {

/// A packet of IP as connection tracking reads it. A view: valid as long as the frame.
struct TrackedPacket {
  Layer layer{};
  std::uint8_t protocol = 0;
  Bytes packet;
  /// The protocol's header and what is behind it.
  Bytes transport;
  /// Neither a fragment nor cut off: lengths and checksums can be told.
  bool is_whole = false;
};

/// Nothing for what has no connection: later fragments, chains of IPv6 headers that do not end.
std::optional<TrackedPacket> tracked_packet(const IpHeader &ip);
/// The packet that an ICMP error is about; `error` has the eight bytes of its header. Nothing if it cannot be told.
std::optional<TrackedPacket> quoted_packet(const TrackedPacket &error);

/// One direction of a connection.
struct Tuple {
  Layer layer{};
  std::uint8_t protocol = 0;
  /// IPv4 addresses fill the first four bytes.
  std::array<std::uint8_t, 16> source{};
  std::array<std::uint8_t, 16> destination{};
  /// Port numbers; of ICMP the identifier, and type and code; else 0.
  std::uint16_t source_id = 0;
  std::uint16_t destination_id = 0;

  auto operator<=>(const Tuple &) const = default;
};

/// Nothing if the header is cut off.
std::optional<Tuple> tuple_of(const TrackedPacket &packet);
/// The tuple of the answers. Nothing for messages of ICMP that are neither question nor answer.
std::optional<Tuple> answer_to(const Tuple &tuple);
/// Whether a connection can begin so: ICMP begins with a question.
bool can_begin(const Tuple &tuple);

} // namespace nwgate::explain
