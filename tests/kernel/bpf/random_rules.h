// SPDX-License-Identifier: LGPL-2.1-or-later
/// Programs out of thin air, of what can be said for a cgroup.
#pragma once

#include "engine/program/program.h"

#include <random>

namespace nwgate::bpf::testing {

/// Chains of all layers, both directions, with sub-chains in the ethernet layer, all forms of all matches, and runs of
/// rules that differ in one value. Values are few, so that rules match the same packets.
ClosedProgram random_rules(std::mt19937 &random);

} // namespace nwgate::bpf::testing
