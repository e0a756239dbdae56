// SPDX-License-Identifier: LGPL-2.1-or-later
/// `-m tcp ...`: loads of the transport header, or, with --tcp-option or without any condition, the xt match
/// tcp, revision 0 (linux/netfilter/xt_tcpudp.h).
#pragma once

#include "drivers/xtables/ip/xt_info.h"

namespace nwgate::xtables::ip {

Refusal encode(const Tcp &match, const Context &context, ExpressionWriter &writer);
std::optional<Match> decode_tcp(const XtInfo &xt, const Context &context);
/// Reads loads of the transport header.
std::optional<Match> decode_native_tcp(ExpressionReader &reader);
std::string save_text(const Tcp &match, Family family);

} // namespace nwgate::xtables::ip
