// SPDX-License-Identifier: LGPL-2.1-or-later
/// Rules of the ethernet layer in ebtables' terms.
#pragma once

#include "drivers/xtables/rule.h"
#include "engine/program/program.h"

#include <string>
#include <variant>
#include <vector>

namespace nwgate::xtables {

/// The ebtables rules that together do what one rule of a closed program does, or why ebtables cannot.
/// A DSCP takes four: ebtables compares the whole TOS byte, so there is one for each value of its ECN bits.
/// `jump_target` is the kernel's name of the chain that a jump leads to.
std::variant<std::vector<Rule>, std::string> lower_bridge(const ProgramRule &rule, const std::string &jump_target);

} // namespace nwgate::xtables
