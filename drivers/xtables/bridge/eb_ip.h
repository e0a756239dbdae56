// SPDX-License-Identifier: LGPL-2.1-or-later
/// ebtables' `ip` match: struct ebt_ip_info, revision 0. The kernel wants `-p IPv4` beside it, and with
/// ports a protocol that has them.
#pragma once

#include "drivers/xtables/expressions.h"
#include "drivers/xtables/rule.h"

#include <optional>
#include <string>

namespace nwgate::xtables::bridge {

/// Appends the expression. Returns why not for a match of nothing.
std::optional<std::string> encode(const EbIp &match, ExpressionWriter &writer);
/// Of a match that is called `ip`.
std::optional<EbIp> decode_eb_ip(const ExpressionReader::XtInfo &xt);
/// The options, each with a blank behind it.
std::string save_text(const EbIp &match);

} // namespace nwgate::xtables::bridge
