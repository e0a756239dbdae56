// SPDX-License-Identifier: LGPL-2.1-or-later
/// From ports to what the tables should hold: the ways to programs, the marks of ports, and everything laid out.
#pragma once

#include "drivers/nftables/plan.h"

namespace nwgate::nftables {

struct DesiredState {
  Ruleset ruleset;
  /// Programs whose chains and sets stay as the kernel has them: those of ports that are not touched.
  std::set<std::string> kept_programs;
  /// No port is left.
  bool is_empty = false;
};

/// Programs keep their way of dispatch, and ports the marks, that they have in the kernel. What cannot be expressed is
/// reported, with the ports that have it in `at_fault`; nothing is returned then.
std::optional<DesiredState> desired_state(const Desired &desired, const KernelState &state, const PlanContext &context,
                                          const xtables::SetIndex &sets, Diagnostics &diagnostics,
                                          std::set<std::string> &at_fault);

} // namespace nwgate::nftables
