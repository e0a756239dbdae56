// SPDX-License-Identifier: LGPL-2.1-or-later
/// A ruleset as nft(8) would list it, for people: rules in words, with their places in the documents behind them.
#pragma once

#include "drivers/nftables/ruleset.h"
#include "drivers/xtables/codec.h"

#include <string>

namespace nwgate::nftables {

/// `sets` are the host's IP sets.
std::string to_nft_text(const Ruleset &ruleset, const xtables::SetIndex &sets);

} // namespace nwgate::nftables
