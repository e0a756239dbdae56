// SPDX-License-Identifier: LGPL-2.1-or-later
/// `-m icmp --icmp-type T[/C]` and `-m icmp6 --icmpv6-type T[/C]`: xt match icmp
/// (linux/netfilter_ipv4/ip_tables.h) or icmp6 (linux/netfilter_ipv6/ip6_tables.h), both revision 0.
#pragma once

#include "drivers/xtables/ip/xt_info.h"

namespace nwgate::xtables::ip {

/// Refuses ranges of codes other than one code and all of them: the tools would list only the first.
Refusal encode(const Icmp &match, const Context &context, ExpressionWriter &writer);
std::optional<Match> decode_icmp(const XtInfo &xt, const Context &context);
std::string save_text(const Icmp &match, Family family);

} // namespace nwgate::xtables::ip
