// SPDX-License-Identifier: LGPL-2.1-or-later
/// ebtables' `-s` and `-d`: a load from the link layer header, perhaps a mask, and a comparison.
#pragma once

#include "drivers/xtables/expressions.h"
#include "drivers/xtables/rule.h"

#include <optional>
#include <string>

namespace nwgate::xtables::bridge {

/// Appends the expressions. A mask of leading whole bytes becomes a shorter load instead.
/// Returns why not for a mask of zeros, which ebtables cannot write either.
std::optional<std::string> encode(const EtherAddress &match, ExpressionWriter &writer);
/// `load` is the payload expression just taken; takes the rest.
std::optional<EtherAddress> decode_ether_address(const ExpressionReader::Payload &load, ExpressionReader &reader);
/// `-s ! 02:00:00:00:00:01 `; four addresses have names: `-d Broadcast `.
std::string save_text(const EtherAddress &match);

} // namespace nwgate::xtables::bridge
