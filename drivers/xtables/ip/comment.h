// SPDX-License-Identifier: LGPL-2.1-or-later
/// `-m comment --comment TEXT`: xt match comment, revision 0 (linux/netfilter/xt_comment.h).
#pragma once

#include "drivers/xtables/ip/xt_info.h"

namespace nwgate::xtables::ip {

Refusal encode(const Comment &match, const Context &context, ExpressionWriter &writer);
std::optional<Match> decode_comment(const XtInfo &xt, const Context &context);
std::string save_text(const Comment &match, Family family);

} // namespace nwgate::xtables::ip
