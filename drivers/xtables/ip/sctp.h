// SPDX-License-Identifier: LGPL-2.1-or-later
/// `-m sctp ...`: xt match sctp, revision 0 (linux/netfilter/xt_sctp.h).
#pragma once

#include "drivers/xtables/ip/xt_info.h"

namespace nwgate::xtables::ip {

Refusal encode(const Sctp &match, const Context &context, ExpressionWriter &writer);
std::optional<Match> decode_sctp(const XtInfo &xt, const Context &context);
std::string save_text(const Sctp &match, Family family);

} // namespace nwgate::xtables::ip
