// SPDX-License-Identifier: LGPL-2.1-or-later
/// `-i NAME` and `-o NAME`: meta iifname or oifname, compared with the name.
#pragma once

#include "drivers/xtables/ip/xt_info.h"

namespace nwgate::xtables::ip {

/// What the tools can list as an interface's name and read again: 1 to 15 bytes (IFNAMSIZ of linux/if.h), no
/// blank, no `/`.
bool is_interface_name(std::string_view name);

Refusal encode(const Interface &match, const Context &context, ExpressionWriter &writer);
/// Reads what follows a load of `key`, NFT_META_IIFNAME or NFT_META_OIFNAME.
std::optional<Match> decode_interface(std::uint32_t key, ExpressionReader &reader);
std::string save_text(const Interface &match, Family family);

} // namespace nwgate::xtables::ip
