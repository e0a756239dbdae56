// SPDX-License-Identifier: LGPL-2.1-or-later
/// `-m dscp --dscp N`: xt match dscp, revision 0 (linux/netfilter/xt_dscp.h).
#pragma once

#include "drivers/xtables/ip/xt_info.h"

namespace nwgate::xtables::ip {

Refusal encode(const Dscp &match, const Context &context, ExpressionWriter &writer);
std::optional<Match> decode_dscp(const XtInfo &xt, const Context &context);
std::string save_text(const Dscp &match, Family family);

} // namespace nwgate::xtables::ip
