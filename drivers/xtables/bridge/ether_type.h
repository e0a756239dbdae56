// SPDX-License-Identifier: LGPL-2.1-or-later
/// ebtables' `-p`: a load from the link layer header and a comparison.
#pragma once

#include "drivers/xtables/expressions.h"
#include "drivers/xtables/rule.h"

#include <optional>
#include <string>

namespace nwgate::xtables::bridge {

/// Appends the expressions. Returns why not for a number below 0x600, which is a length and no type.
std::optional<std::string> encode(const EtherType &match, ExpressionWriter &writer);
/// Whether a rule's payload expression belongs to `-p`, rather than to `-s` or `-d`.
bool loads_ether_type(const ExpressionReader::Payload &load);
/// Takes what stands behind that load.
std::optional<EtherType> decode_ether_type(ExpressionReader &reader);
/// `-p ! ARP `; `-p Length ` for 0x600, see the definition.
std::string save_text(const EtherType &match);

} // namespace nwgate::xtables::bridge
