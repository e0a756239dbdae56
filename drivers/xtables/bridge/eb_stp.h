// SPDX-License-Identifier: LGPL-2.1-or-later
/// ebtables' `stp` match: struct ebt_stp_info, revision 0.
#pragma once

#include "drivers/xtables/expressions.h"
#include "drivers/xtables/rule.h"

#include <optional>
#include <string>

namespace nwgate::xtables::bridge {

/// Appends the expression. Returns why not for a match of nothing.
std::optional<std::string> encode(const EbStp &match, ExpressionWriter &writer);
/// Of a match that is called `stp`.
std::optional<EbStp> decode_eb_stp(const ExpressionReader::XtInfo &xt);
/// The options, each with a blank behind it.
std::string save_text(const EbStp &match);

} // namespace nwgate::xtables::bridge
