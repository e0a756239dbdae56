// SPDX-License-Identifier: LGPL-2.1-or-later
/// Whether a match holds for a packet.
#pragma once

#include "engine/explain/headers.h"
#include "engine/explain/packet.h"
#include "engine/program/program.h"

#include <optional>
#include <string>

namespace nwgate::explain {

/// A packet with its headers found. A view: valid as long as the packet.
struct View {
  const Packet &packet;
  EthernetHeader ethernet;
  /// Of the IP layers only.
  std::optional<IpHeader> ip;
};

enum class Holds : std::uint8_t {
  no,
  yes,
  /// The match itself drops the packet, because it cannot read it: a header is cut off, or there is none (the xtables
  /// tools' matches of ICMP, SCTP, TCP options and connection counts do so, "hotdrop").
  drops,
};

/// A match of a rule of a closed program, in this layer. A field that the packet does not have makes the match fail,
/// also when it is negated.
Holds holds(const Match &match, const ProgramRule &rule, Layer layer, const View &view);

/// What the packet has in the field, as the text form writes it: `10.0.0.1`; empty if it has none.
std::string actual_value(const Match &match, Layer layer, const View &view);

} // namespace nwgate::explain
