// SPDX-License-Identifier: LGPL-2.1-or-later
/// `-m mac --mac-source MAC`: xt match mac, revision 0 (linux/netfilter/xt_mac.h).
#pragma once

#include "drivers/xtables/ip/xt_info.h"

namespace nwgate::xtables::ip {

Refusal encode(const MacSource &match, const Context &context, ExpressionWriter &writer);
std::optional<Match> decode_mac(const XtInfo &xt, const Context &context);
std::string save_text(const MacSource &match, Family family);

} // namespace nwgate::xtables::ip
