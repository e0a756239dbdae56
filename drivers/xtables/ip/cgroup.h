// SPDX-License-Identifier: LGPL-2.1-or-later
/// `-m cgroup --path PATH` and `-m cgroup --cgroup CLASSID`: xt match cgroup, revision 2 (linux/netfilter/xt_cgroup.h).
#pragma once

#include "drivers/xtables/ip/xt_info.h"

namespace nwgate::xtables::ip {

Refusal encode(const Cgroup &match, const Context &context, ExpressionWriter &writer);
std::optional<Match> decode_cgroup(const XtInfo &xt, const Context &context);
std::string save_text(const Cgroup &match, Family family);

} // namespace nwgate::xtables::ip
