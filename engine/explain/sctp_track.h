// SPDX-License-Identifier: LGPL-2.1-or-later
/// How far an SCTP association has got, as connection tracking follows it: verification tags, and whether it stands.
#pragma once

#include "engine/explain/bytes.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

namespace nwgate::explain {

struct SctpTrack {
  /// What packets have to bear: from the side that began, and from the other one. 0: not known yet.
  std::array<std::uint32_t, 2> tags{};
  /// Who has sent an INIT that nothing has come of yet.
  std::array<bool, 2> has_begun{};
  /// Nothing but HEARTBEAT was seen: only HEARTBEAT ACK answers it.
  bool is_heartbeat = false;
  /// COOKIE ACK, or an answer to a heartbeat, was seen.
  bool is_established = false;
  /// From which side a HEARTBEAT with another tag has come: its answer may bring a new one.
  std::optional<std::size_t> stray_heartbeat;
};

/// What a packet makes of the association; `is_first`: there is none yet. Nothing if connection tracking takes the
/// packet for invalid.
std::optional<SctpTrack> follow_sctp(const SctpTrack &before, Bytes packet, bool is_reply, bool is_first);

/// How long it is remembered without a further packet.
std::chrono::seconds patience_of(const SctpTrack &track);

} // namespace nwgate::explain
