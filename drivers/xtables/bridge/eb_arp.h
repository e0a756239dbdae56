// SPDX-License-Identifier: LGPL-2.1-or-later
/// ebtables' `arp` match: struct ebt_arp_info, revision 0. The kernel wants `-p ARP` or `-p RARP` beside
/// it.
#pragma once

#include "drivers/xtables/expressions.h"
#include "drivers/xtables/rule.h"

#include <optional>
#include <string>

namespace nwgate::xtables::bridge {

/// Appends the expression. Returns why not for a match of nothing.
std::optional<std::string> encode(const EbArp &match, ExpressionWriter &writer);
/// Of a match that is called `arp`.
std::optional<EbArp> decode_eb_arp(const ExpressionReader::XtInfo &xt);
/// The options, each with a blank behind it.
std::string save_text(const EbArp &match);

} // namespace nwgate::xtables::bridge
