// SPDX-License-Identifier: LGPL-2.1-or-later
/// `-m udp ...`: loads of the transport header, or without any condition the xt match udp, revision 0
/// (linux/netfilter/xt_tcpudp.h).
#pragma once

#include "drivers/xtables/ip/xt_info.h"

namespace nwgate::xtables::ip {

Refusal encode(const Udp &match, const Context &context, ExpressionWriter &writer);
std::optional<Match> decode_udp(const XtInfo &xt, const Context &context);
/// Reads loads of the transport header.
std::optional<Match> decode_native_udp(ExpressionReader &reader);
std::string save_text(const Udp &match, Family family);

} // namespace nwgate::xtables::ip
