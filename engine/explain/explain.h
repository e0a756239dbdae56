// SPDX-License-Identifier: LGPL-2.1-or-later
/// A packet's way through a closed program: each rule that it meets, and what becomes of it.
#pragma once

#include "engine/explain/match.h"
#include "engine/explain/packet.h"
#include "engine/program/program.h"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace nwgate {

/// A rule that the packet met.
struct RuleStep {
  const Chain *chain = nullptr;
  const ProgramRule *rule = nullptr;
  /// The first match that did not hold, by its place in the rule. Nothing if the rule took effect.
  std::optional<std::size_t> failed;
  /// What the packet has where that match looked; empty if it has nothing there.
  std::string actual;
};

/// A layer that the packet went through, in the order of the kernel: out of the workload ethernet comes first, into
/// it last.
struct LayerWay {
  Layer layer{};
  std::vector<RuleStep> steps;
  /// accept, drop or reject.
  VerdictKind verdict = VerdictKind::accept;
};

struct Explanation {
  std::vector<LayerWay> layers;
  /// accept, drop or reject.
  VerdictKind verdict = VerdictKind::accept;
  /// The rule that decided; null if none did and the packet came to the end of its chains, or the kernel drops it.
  const ProgramRule *decided_by = nullptr;
  /// Why the kernel drops the packet whatever the rules say; else empty.
  std::string kernel_drops;
};

/// Views into `program`, which must stay. The packet's frame has at least an Ethernet header.
Explanation explain_packet(const ClosedProgram &program, const Packet &packet);

} // namespace nwgate
