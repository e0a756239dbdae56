// SPDX-License-Identifier: LGPL-2.1-or-later
/// The states of a TCP connection as connection tracking tells them apart, and what a segment makes of each.
#pragma once

#include <cstdint>
#include <optional>

namespace nwgate::explain {

enum class TcpState : std::uint8_t {
  none,
  syn_sent,
  /// Both sides have sent a SYN.
  syn_crossed,
  syn_received,
  established,
  fin_wait,
  close_wait,
  last_ack,
  time_wait,
  closed,
};

/// By its flags.
enum class TcpSegment : std::uint8_t { syn, syn_ack, fin, ack, rst };

struct NextTcpState {
  TcpState state{};
  /// It is let pass without an effect: the sides may know better.
  bool is_ignored = false;
};

/// Nothing for a segment that has no place in that state.
std::optional<NextTcpState> next_state(TcpState state, TcpSegment segment, bool is_reply);

} // namespace nwgate::explain
