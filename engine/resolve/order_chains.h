// SPDX-License-Identifier: LGPL-2.1-or-later
/// Pass 2: puts rules into the order in which packets meet them, and finds the place of every sub-chain.
#pragma once

#include "engine/resolve/expand_includes.h"

#include <string>
#include <variant>
#include <vector>

namespace nwgate {

/// A jump from a root chain of the ethernet layer.
struct ChainPlace {
  Direction direction{};
  std::string name;
  int priority = 0;
};

/// The ethernet layer in evaluation order: sub-chains stand where their jump belongs among the root rules; rules of
/// sub-chains come after all root rules. The IP layers have no sub-chains.
struct OrderedRules {
  std::vector<std::variant<FlatRule, ChainPlace>> ethernet;
  std::vector<FlatRule> ip;
};

/// Root rules first, then by rule priority; equals keep their order. A sub-chain's jump comes before the first root
/// rule whose priority is not below the chain's. Where filters give one chain several priorities, the last rule in
/// order decides (libvirt 9.0). Sub-chains of equal priority stand in the order of their first rule.
OrderedRules order_chains(std::vector<FlatRule> rules);

} // namespace nwgate
