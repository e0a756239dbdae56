// SPDX-License-Identifier: LGPL-2.1-or-later
/// How far a TCP connection has got, as connection tracking (nf_conntrack_proto_tcp.c of Linux 6.x) follows it.
#pragma once

#include "engine/explain/tcp_states.h"
#include "engine/explain/tcp_window.h"

#include <chrono>

namespace nwgate::explain {

struct TcpTrack {
  TcpState state = TcpState::none;
  std::array<TcpSide, 2> sides;
  /// There were segments in both directions, and an acknowledgement.
  bool is_assured = false;
  bool has_crossed = false;
  /// The next ACK answers a SYN that came into an old connection.
  bool expects_challenge = false;

  /// The last segment that was taken or ignored; `last_end` is that of the last ACK or ignored one.
  std::optional<TcpSegment> last;
  bool last_was_reply = false;
  std::uint32_t last_end = 0;
  std::uint32_t last_acknowledged = 0;
  std::uint32_t last_window = 0;
  /// The options of a SYN that was ignored.
  TcpSide ignored_syn;
};

struct TcpStep {
  enum class Outcome : std::uint8_t {
    valid,
    invalid,
    /// The connection is forgotten, and the segment looked at again: it begins a new one.
    begins_anew,
    /// The segment belongs to the connection, which is forgotten.
    ends,
  };
  Outcome outcome = Outcome::invalid;
  /// An invalid segment can leave its mark, too.
  TcpTrack after;
  /// How long the connection is remembered without a further packet. Nothing: as long as before.
  std::optional<std::chrono::seconds> patience;
};

/// A header of a right length, with flags that go together. `is_whole`: nothing of the segment is missing.
bool is_valid_tcp(Bytes segment, bool is_whole);

/// What a segment that is_valid_tcp() makes of the connection; `has_answer`: a reply was seen before.
TcpStep follow_tcp(const TcpTrack &before, Bytes segment, bool is_reply, bool has_answer);

} // namespace nwgate::explain
