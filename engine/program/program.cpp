// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/program/program.h"

#include <algorithm>

namespace nwgate {

const Chain *Program::find(Layer layer, Direction direction, const std::string &name) const {
  const auto found = std::ranges::find_if(chains, [&](const Chain &chain) {
    return chain.layer == layer && chain.direction == direction && chain.name == name;
  });
  return found == chains.end() ? nullptr : &*found;
}

bool Program::has_layer(Layer layer) const { return std::ranges::find(chains, layer, &Chain::layer) != chains.end(); }

bool Program::looks_at(Field field) const {
  const auto in_match = [&](const Match &match) { return match.field == field; };
  const auto in_rule = [&](const ProgramRule &rule) { return std::ranges::any_of(rule.matches, in_match); };
  return std::ranges::any_of(chains, [&](const Chain &chain) { return std::ranges::any_of(chain.rules, in_rule); });
}

} // namespace nwgate
