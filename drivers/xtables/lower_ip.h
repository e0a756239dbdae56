// SPDX-License-Identifier: LGPL-2.1-or-later
/// Rules of the IP layers in iptables' and ip6tables' terms.
#pragma once

#include "drivers/xtables/rule.h"
#include "engine/program/program.h"

#include <string>
#include <variant>

namespace nwgate::xtables {

/// The rule for a chain of that direction. An accept of what leaves the port becomes a RETURN, so that the chains of
/// the receiving port still see the packet. Or why iptables cannot express the rule.
std::variant<Rule, std::string> lower_ip(const ProgramRule &rule, Direction direction);

} // namespace nwgate::xtables
