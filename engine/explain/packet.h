// SPDX-License-Identifier: LGPL-2.1-or-later
/// What a program decides about: a frame at the workload's port, and what is known of its connection.
#pragma once

#include "engine/model/value_type.h"
#include "engine/net/layer.h"

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace nwgate {

struct Packet {
  Direction direction{};
  /// As it is on the wire, from the destination's address on, tags included, without the checksum. At least 14 bytes.
  std::vector<std::uint8_t> frame;
  /// What is seen in the frame's place once fragments have been put together; empty if the frame is none. On the way
  /// out, the ethernet layer sees the fragment itself.
  std::vector<std::uint8_t> reassembled = {};
  /// One of connection_state: what connection tracking says of it, if it is IP. 0 if it is not tracked.
  std::uint32_t state = connection_state::new_state;
  /// It comes from the side that did not begin the connection.
  bool is_reply = false;
  /// How many connections its sender has, this one included.
  std::uint32_t connections = 1;
  /// The lookups in IP sets that succeed: name and sides, as in `set.lookup`. {"blocked", "src"}
  std::set<std::pair<std::string, std::string>> sets;
};

} // namespace nwgate
