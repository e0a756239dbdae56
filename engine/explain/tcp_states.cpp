// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/explain/tcp_states.h"

namespace nwgate::explain {
namespace {

constexpr NextTcpState ignored{TcpState::none, true};

bool is_opening(TcpState state) { return state == TcpState::syn_sent || state == TcpState::syn_crossed; }

std::optional<NextTcpState> after_syn(TcpState state, bool is_reply) {
  switch (state) {
  case TcpState::none:
  case TcpState::closed:
    return is_reply ? std::nullopt : std::optional(NextTcpState{TcpState::syn_sent});
  case TcpState::time_wait:
    return NextTcpState{TcpState::syn_sent};
  case TcpState::syn_sent:
    return NextTcpState{is_reply ? TcpState::syn_crossed : TcpState::syn_sent};
  case TcpState::syn_crossed:
    return NextTcpState{TcpState::syn_crossed};
  default:
    return is_reply ? std::nullopt : std::optional(ignored);
  }
}

std::optional<NextTcpState> after_syn_ack(TcpState state, bool is_reply) {
  if (is_reply) {
    if (state == TcpState::none)
      return std::nullopt;
    return is_opening(state) ? NextTcpState{TcpState::syn_received} : ignored;
  }
  // From the side that began, only where both have begun.
  if (state == TcpState::syn_crossed || state == TcpState::syn_received)
    return NextTcpState{TcpState::syn_received};
  return std::nullopt;
}

std::optional<NextTcpState> after_fin(TcpState state) {
  switch (state) {
  case TcpState::none:
  case TcpState::syn_sent:
  case TcpState::syn_crossed:
    return std::nullopt;
  case TcpState::syn_received:
  case TcpState::established:
    return NextTcpState{TcpState::fin_wait};
  case TcpState::time_wait:
  case TcpState::closed:
    return NextTcpState{state};
  default:
    return NextTcpState{TcpState::last_ack};
  }
}

std::optional<NextTcpState> after_ack(TcpState state, bool is_reply) {
  switch (state) {
  case TcpState::none: // from the middle of a connection
    return is_reply ? std::nullopt : std::optional(NextTcpState{TcpState::established});
  case TcpState::syn_sent:
  case TcpState::syn_crossed:
    return is_reply ? std::optional(ignored) : std::nullopt;
  case TcpState::syn_received:
    return NextTcpState{is_reply ? TcpState::syn_received : TcpState::established};
  case TcpState::fin_wait:
    return NextTcpState{TcpState::close_wait};
  case TcpState::last_ack:
    return NextTcpState{TcpState::time_wait};
  default:
    return NextTcpState{state};
  }
}

} // namespace

std::optional<NextTcpState> next_state(TcpState state, TcpSegment segment, bool is_reply) {
  switch (segment) {
  case TcpSegment::syn:
    return after_syn(state, is_reply);
  case TcpSegment::syn_ack:
    return after_syn_ack(state, is_reply);
  case TcpSegment::fin:
    return after_fin(state);
  case TcpSegment::ack:
    return after_ack(state, is_reply);
  case TcpSegment::rst:
    break;
  }
  return state == TcpState::none ? std::nullopt : std::optional(NextTcpState{TcpState::closed});
}

} // namespace nwgate::explain
