// SPDX-License-Identifier: LGPL-2.1-or-later
/// ebtables' `-i` and `-o`: `meta iifname` or `oifname`, and a comparison.
#pragma once

#include "drivers/xtables/expressions.h"
#include "drivers/xtables/rule.h"

#include <optional>
#include <string>

namespace nwgate::xtables::bridge {

/// Appends the expressions. A whole name is compared with its final NUL, a prefix without one.
/// Returns why not if ebtables would not take the name.
std::optional<std::string> encode(const Interface &match, ExpressionWriter &writer);
/// `key` is that of the meta expression just taken; takes the comparison.
std::optional<Interface> decode_interface(std::uint32_t key, ExpressionReader &reader);
/// `-i ! vnet+ `
std::string save_text(const Interface &match);

} // namespace nwgate::xtables::bridge
