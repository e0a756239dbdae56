// SPDX-License-Identifier: LGPL-2.1-or-later
/// ebtables' `vlan` match: struct ebt_vlan_info, revision 0. The kernel wants `-p 802_1Q` beside it.
#pragma once

#include "drivers/xtables/expressions.h"
#include "drivers/xtables/rule.h"

#include <optional>
#include <string>

namespace nwgate::xtables::bridge {

/// Appends the expression. Returns why not for a match of nothing, or of a priority beside an id above 0,
/// which the kernel leaves out.
std::optional<std::string> encode(const EbVlan &match, ExpressionWriter &writer);
/// Of a match that is called `vlan`.
std::optional<EbVlan> decode_eb_vlan(const ExpressionReader::XtInfo &xt);
/// The options, each with a blank behind it.
std::string save_text(const EbVlan &match);

} // namespace nwgate::xtables::bridge
