// SPDX-License-Identifier: LGPL-2.1-or-later
/// A packet in one line of words, the reverse of packet_words.h.
#pragma once

#include "engine/explain/packet.h"
#include "engine/net/mac_address.h"

#include <string>

namespace nwgate {

/// `out tcp 10.0.0.1:1234 > 10.0.0.2:22 new`: the words that parse_packet() reads, with what differs from its
/// defaults; the other side's MAC address is told only if it is a group's. What there are no words for is left out.
std::string summary_of(const Packet &packet, const MacAddress &workload);

} // namespace nwgate
