// SPDX-License-Identifier: LGPL-2.1-or-later
/// Rules of the ethernet layer in ebtables' terms.
#pragma once

#include "drivers/xtables/rule.h"
#include "engine/program/program.h"

#include <string>
#include <variant>
#include <vector>

namespace nwgate::xtables {

/// The ebtables rules that together do what one rule of a closed program does.
///
/// A DSCP takes four: ebtables compares the whole TOS byte, so there is one for each value of its ECN bits. The
/// negation takes a chain of its own, where the four return and what is left meets the verdict.
struct BridgeRules {
  /// In the place of the rule.
  std::vector<Rule> rules;
  /// The rules of the chain that `rules` jump to; mostly there is none.
  std::vector<Rule> side_chain;
};

/// Or why ebtables cannot. `jump_target` is the kernel's name of the chain that a jump leads to, `side_chain` the name
/// that a side chain would have.
std::variant<BridgeRules, std::string> lower_bridge(const ProgramRule &rule, const std::string &jump_target,
                                                    const std::string &side_chain);

} // namespace nwgate::xtables
