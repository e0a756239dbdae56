// SPDX-License-Identifier: LGPL-2.1-or-later
/// `-m connlimit --connlimit-above N` or `--connlimit-upto N`, counted by whole source addresses: xt match
/// connlimit, revision 1 (linux/netfilter/xt_connlimit.h).
#pragma once

#include "drivers/xtables/ip/xt_info.h"

namespace nwgate::xtables::ip {

Refusal encode(const ConnLimit &match, const Context &context, ExpressionWriter &writer);
/// The part of the mask that IPv4 does not use may hold anything: the tools fill it in two ways.
std::optional<Match> decode_connlimit(const XtInfo &xt, const Context &context);
std::string save_text(const ConnLimit &match, Family family);

} // namespace nwgate::xtables::ip
