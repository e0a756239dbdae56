// SPDX-License-Identifier: LGPL-2.1-or-later
/// ebtables' `-j` with ACCEPT, DROP, RETURN, CONTINUE or a chain: an immediate verdict, or for CONTINUE
/// nothing.
#pragma once

#include "drivers/xtables/expressions.h"
#include "drivers/xtables/rule.h"

#include <optional>
#include <string>

namespace nwgate::xtables::bridge {

/// Appends the expression. Returns why not for what ebtables does not have: a goto, REJECT, and a jump to a
/// chain that is called like a verdict, of no name, or of more than 31 bytes (EBT_CHAIN_MAXNAMELEN of
/// linux/netfilter_bridge/ebtables.h, less a NUL).
std::optional<std::string> encode(const Target &target, ExpressionWriter &writer);
/// Takes the rest of the rule.
std::optional<Target> decode_target(ExpressionReader &reader);
/// `-j DROP`, without a blank behind it; `-j CONTINUE` for what ebtables does not have.
std::string save_text(const Target &target);

} // namespace nwgate::xtables::bridge
