// SPDX-License-Identifier: LGPL-2.1-or-later
/// `-m set --match-set NAME FLAGS`: xt match set, revision 4 (linux/netfilter/xt_set.h).
#pragma once

#include "drivers/xtables/ip/xt_info.h"

namespace nwgate::xtables::ip {

Refusal encode(const SetMatch &match, const Context &context, ExpressionWriter &writer);
std::optional<Match> decode_set(const XtInfo &xt, const Context &context);
std::string save_text(const SetMatch &match, Family family);

} // namespace nwgate::xtables::ip
