// SPDX-License-Identifier: LGPL-2.1-or-later
/// ebtables' `ip6` match: struct ebt_ip6_info, revision 0. The kernel wants `-p IPv6` beside it, with ports
/// a protocol that has them, and with ICMPv6 types `--ip6-proto ipv6-icmp`.
#pragma once

#include "drivers/xtables/expressions.h"
#include "drivers/xtables/rule.h"

#include <optional>
#include <string>

namespace nwgate::xtables::bridge {

/// Appends the expression. Returns why not for a match of nothing, or of ports and ICMPv6 types at once.
std::optional<std::string> encode(const EbIp6 &match, ExpressionWriter &writer);
/// Of a match that is called `ip6`.
std::optional<EbIp6> decode_eb_ip6(const ExpressionReader::XtInfo &xt);
/// The options, each with a blank behind it.
std::string save_text(const EbIp6 &match);

} // namespace nwgate::xtables::bridge
