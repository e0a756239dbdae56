// SPDX-License-Identifier: LGPL-2.1-or-later
/// Packets from words, as they would be on the wire.
#pragma once

#include "engine/explain/packet.h"

#include <string>

namespace nwgate::test {

/// The workload's address in packet().
constexpr MacAddress workload_mac{{0x02, 0, 0, 0, 0, 1}};

/// What parse_packet() reads. Throws where it does not.
Packet packet(const std::string &words);
/// The same, with right checksums of TCP, UDP, ICMP and ICMPv6.
Packet wire_packet(const std::string &words);
/// Writes the checksum of a frame without a tag.
void write_checksum(std::vector<std::uint8_t> &frame);

} // namespace nwgate::test
