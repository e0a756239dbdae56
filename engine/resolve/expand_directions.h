// SPDX-License-Identifier: LGPL-2.1-or-later
/// Pass 3: turns one rule into its copies for the two directions, with their connection states.
#pragma once

#include "engine/model/filter.h"
#include "engine/net/layer.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace nwgate {

struct DirectedRule {
  /// Of the chain that gets the copy.
  Direction direction{};
  /// Source and destination are exchanged.
  bool swapped = false;
  /// Bits of connection_state; 0 matches none.
  std::uint32_t states = 0;
  /// Packets of the connection's originator (false) or the answers (true) only.
  std::optional<bool> reply;
};

/// The copies of a rule, `out` before `in`. The tables are those of libvirt's ebtables/iptables backend: drops are
/// mirrored, accepts of one direction let the answers through, a rule with `state` gets no mirror.
/// As libvirt documents it, and other than libvirt 9.0, an `inout` rule with an ICMP type has both copies.
std::vector<DirectedRule> expand_directions(const Rule &rule);

} // namespace nwgate
