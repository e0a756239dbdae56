// SPDX-License-Identifier: LGPL-2.1-or-later
/// `-m physdev ...`: xt match physdev, revision 0 (linux/netfilter/xt_physdev.h).
#pragma once

#include "drivers/xtables/ip/xt_info.h"

namespace nwgate::xtables::ip {

Refusal encode(const Physdev &match, const Context &context, ExpressionWriter &writer);
std::optional<Match> decode_physdev(const XtInfo &xt, const Context &context);
std::string save_text(const Physdev &match, Family family);

} // namespace nwgate::xtables::ip
