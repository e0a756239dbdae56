// SPDX-License-Identifier: LGPL-2.1-or-later
/// `-j` and `-g`: an immediate verdict, or the xt target REJECT, revision 0
/// (linux/netfilter_ipv4/ipt_REJECT.h and linux/netfilter_ipv6/ip6t_REJECT.h).
#pragma once

#include "drivers/xtables/ip/xt_info.h"

namespace nwgate::xtables::ip {

Refusal encode_target(const Target &target, Family family, ExpressionWriter &writer);
/// Reads what stands behind the counter, up to the end of the rule.
std::optional<Target> decode_target(ExpressionReader &reader, Family family);
std::string save_text(const Target &target, Family family);

} // namespace nwgate::xtables::ip
