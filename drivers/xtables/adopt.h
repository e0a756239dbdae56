// SPDX-License-Identifier: LGPL-2.1-or-later
/// Taking over chains that have the names of ours but not our mark, as after iptables-save |
/// iptables-restore.
#pragma once

#include "drivers/xtables/plan.h"

#include <vector>

namespace nwgate::xtables {

/// What removes these chains, and the rules in base chains, shared chains and chains of ours that lead to
/// them. `view`, which must be complete, is left as if that were done, so that make_plan() makes them anew.
/// Chains that ports share are used as they are. A chain that a chain of somebody else jumps to stays in the
/// view.
std::vector<Operation> remove_unmarked(const Desired &desired, KernelView &view);

} // namespace nwgate::xtables
