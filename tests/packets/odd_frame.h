// SPDX-License-Identifier: LGPL-2.1-or-later
/// Frames as no proper stack sends them.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

namespace nwgate::packets {

/// What a frame may be besides.
struct Oddities {
  bool fragments = false;
  /// Lengths of ARP's addresses other than 6 and 4.
  bool arp_lengths = false;
  bool tags = true;
};

/// Makes a frame odd: cut off at some header, of a length that lies, with options, extension headers or tags, or with
/// some bits turned. Its Ethernet addresses stay as they are.
std::vector<std::uint8_t> made_odd(std::vector<std::uint8_t> frame, const Oddities &allowed, std::mt19937 &random);

} // namespace nwgate::packets
