// SPDX-License-Identifier: LGPL-2.1-or-later
/// Differences between what the kernel holds and what it should hold, for people.
#pragma once

#include "drivers/nftables/kernel_state.h"
#include "drivers/nftables/plan.h"
#include "drivers/xtables/drift.h"

#include <vector>

namespace nwgate::nftables {

/// What the plan, which was made for the state, would mend. What is missing as a whole, a table, chain or set, is one
/// difference. `sets` are the host's IP sets.
std::vector<xtables::Drift> drift_of(const Plan &plan, const KernelState &state, const xtables::SetIndex &sets);

} // namespace nwgate::nftables
