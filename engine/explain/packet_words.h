// SPDX-License-Identifier: LGPL-2.1-or-later
/// Packets in words, as an administrator says them: `out tcp 10.0.0.1:1234 > 10.0.0.2:22 new`.
#pragma once

#include "engine/explain/packet.h"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace nwgate {

/// Where a packet's words leave addresses out.
struct PacketDefaults {
  /// Of the workload.
  MacAddress workload;
  /// Of the other side.
  MacAddress other{{0x02, 0, 0, 0, 0, 0xfe}};
};

/// The words that describe a packet, as nwgate(1) tells them: direction, protocol, both ends, and what is special.
/// `hex BYTES` is a whole frame. Answers the packet, or what is wrong with the words.
std::variant<Packet, std::string> parse_packet(const std::vector<std::string> &words, const PacketDefaults &defaults);

} // namespace nwgate
