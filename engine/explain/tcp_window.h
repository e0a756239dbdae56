// SPDX-License-Identifier: LGPL-2.1-or-later
/// The sequence numbers that a TCP connection allows, as connection tracking reckons them: "Real Stateful TCP Packet
/// Filtering in IP Filter" (G. van Rooij), with the exceptions that nf_conntrack makes.
#pragma once

#include "engine/explain/bytes.h"

#include <array>
#include <cstdint>

namespace nwgate::explain {

/// What one side has sent, and may send. Numbers wrap around.
struct TcpSide {
  /// Behind the last byte that it has sent.
  std::uint32_t end = 0;
  /// Behind the last byte that the other side has room for.
  std::uint32_t limit = 0;
  /// The largest window that it has offered; 0 if it has not been heard.
  std::uint32_t window = 0;
  std::uint8_t scale = 0;
  bool has_scale = false;
  bool takes_sack = false;
  /// Its numbers are not held against it: the beginning was not seen.
  bool is_liberal = false;
  bool has_acknowledged = false;
  std::uint32_t acknowledged = 0;
  /// The other side has not confirmed all that it sent.
  bool is_waiting = false;
  /// It was the first to send a FIN.
  bool has_closed = false;
};

/// The numbers of a segment whose header is whole.
struct TcpNumbers {
  explicit TcpNumbers(Bytes segment);

  [[nodiscard]] bool has(std::uint32_t flag) const { return (flags & flag) != 0; }

  std::uint32_t flags;
  std::uint32_t sequence;
  /// Behind the segment; SYN and FIN count.
  std::uint32_t end;
  std::uint32_t acknowledged;
  std::uint32_t window;
  Bytes options;
};

bool is_after(std::uint32_t left, std::uint32_t right);

/// Takes over what the options of a SYN say. If there are any, what was known of the side before is forgotten.
void read_options(TcpSide &side, const TcpNumbers &numbers);

/// The side of the one that begins, by its first segment.
std::array<TcpSide, 2> first_sides(const TcpNumbers &numbers);

enum class Fit : std::uint8_t {
  inside,
  /// It does not fit, and is not held against a side whose beginning was not seen.
  tolerated,
  /// It belongs to the connection, and changes nothing.
  ignored,
  outside,
};

/// Whether a segment fits; brings the sides up to date. `is_opening`: a SYN may still be followed by another.
Fit fit(std::array<TcpSide, 2> &sides, const TcpNumbers &numbers, bool is_reply, bool is_syn_sent, bool is_opening);

} // namespace nwgate::explain
