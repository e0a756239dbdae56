// SPDX-License-Identifier: LGPL-2.1-or-later
/// `-m iprange --src-range A-B --dst-range A-B`: xt match iprange, revision 1 (linux/netfilter/xt_iprange.h).
#pragma once

#include "drivers/xtables/ip/xt_info.h"

namespace nwgate::xtables::ip {

Refusal encode(const Ipv4Range &match, const Context &context, ExpressionWriter &writer);
Refusal encode(const Ipv6Range &match, const Context &context, ExpressionWriter &writer);
std::optional<Match> decode_iprange(const XtInfo &xt, const Context &context);
std::string save_text(const Ipv4Range &match, Family family);
std::string save_text(const Ipv6Range &match, Family family);

} // namespace nwgate::xtables::ip
