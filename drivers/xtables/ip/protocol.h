// SPDX-License-Identifier: LGPL-2.1-or-later
/// `-p PROTOCOL`: meta l4proto, compared with the number.
#pragma once

#include "drivers/xtables/ip/xt_info.h"

namespace nwgate::xtables::ip {

Refusal encode(const Protocol &match, const Context &context, ExpressionWriter &writer);
/// Reads what follows a load of NFT_META_L4PROTO.
std::optional<Match> decode_protocol(ExpressionReader &reader);
std::string save_text(const Protocol &match, Family family);

} // namespace nwgate::xtables::ip
