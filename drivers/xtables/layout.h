// SPDX-License-Identifier: LGPL-2.1-or-later
/// Lays a closed program out as libvirt does: a copy of every rule for each port.
#pragma once

#include "drivers/xtables/chain_names.h"
#include "drivers/xtables/ruleset.h"
#include "engine/base/diagnostics.h"
#include "engine/program/program.h"

#include <optional>

namespace nwgate::xtables {

/// The chains and links of `port`. Rules that the tools cannot express are reported, all of them; nothing is returned
/// then.
std::optional<PortRuleset> lay_out(const ClosedProgram &program, const std::string &port, const ChainPrefix &prefix,
                                   Diagnostics &diagnostics);

} // namespace nwgate::xtables
