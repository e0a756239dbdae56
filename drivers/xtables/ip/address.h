// SPDX-License-Identifier: LGPL-2.1-or-later
/// `-s ADDRESS[/MASK]` and `-d`: bytes of the network header, compared with the address.
#pragma once

#include "drivers/xtables/ip/xt_info.h"

namespace nwgate::xtables::ip {

Refusal encode(const Ipv4Match &match, const Context &context, ExpressionWriter &writer);
Refusal encode(const Ipv6Match &match, const Context &context, ExpressionWriter &writer);
/// Reads a load of the network header and what follows.
std::optional<Match> decode_address(ExpressionReader &reader, Family family);
std::string save_text(const Ipv4Match &match, Family family);
std::string save_text(const Ipv6Match &match, Family family);

} // namespace nwgate::xtables::ip
