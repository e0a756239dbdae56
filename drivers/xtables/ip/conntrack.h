// SPDX-License-Identifier: LGPL-2.1-or-later
/// `-m conntrack` with one of --ctstate and --ctdir: xt match conntrack, revision 3
/// (linux/netfilter/xt_conntrack.h).
#pragma once

#include "drivers/xtables/ip/xt_info.h"

namespace nwgate::xtables::ip {

Refusal encode(const ConntrackState &match, const Context &context, ExpressionWriter &writer);
Refusal encode(const ConntrackDirection &match, const Context &context, ExpressionWriter &writer);
/// A match that asks for both at once is not understood: a Rule has no such match.
std::optional<Match> decode_conntrack(const XtInfo &xt, const Context &context);
std::string save_text(const ConntrackState &match, Family family);
std::string save_text(const ConntrackDirection &match, Family family);

} // namespace nwgate::xtables::ip
