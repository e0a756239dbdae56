// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/resolve/order_chains.h"

#include <algorithm>

namespace nwgate {
namespace {

bool is_root(const FlatRule &rule) { return rule.filter->chain == root_chain; }

bool goes(const FlatRule &rule, Direction direction) {
  return rule.rule->direction == RuleDirection::inout ||
         (rule.rule->direction == RuleDirection::out) == (direction == Direction::out);
}

/// The sub-chains that ethernet rules need, in the order of their jumps.
std::vector<ChainPlace> find_places(const std::vector<FlatRule> &rules) {
  std::vector<ChainPlace> places;
  for (const auto direction : {Direction::out, Direction::in}) {
    for (const auto &rule : rules) {
      if (is_root(rule) || !goes(rule, direction))
        continue;
      const auto known = std::ranges::find_if(places, [&](const ChainPlace &place) {
        return place.direction == direction && place.name == rule.filter->chain;
      });
      if (known == places.end())
        places.push_back({direction, rule.filter->chain, rule.filter->priority});
      else
        known->priority = rule.filter->priority;
    }
  }
  std::ranges::stable_sort(places, {}, &ChainPlace::priority);
  return places;
}

} // namespace

OrderedRules order_chains(std::vector<FlatRule> rules) {
  std::ranges::stable_sort(rules, [](const FlatRule &left, const FlatRule &right) {
    return std::pair(!is_root(left), left.rule->priority) < std::pair(!is_root(right), right.rule->priority);
  });

  OrderedRules result;
  std::vector<FlatRule> ethernet;
  for (auto &rule : rules) {
    const bool is_ethernet = spec_of(rule.rule->protocol).layer == Layer::ethernet;
    (is_ethernet ? ethernet : result.ip).push_back(std::move(rule));
  }

  const auto places = find_places(ethernet);
  auto next_place = places.begin();
  for (auto &rule : ethernet) {
    while (next_place != places.end() && (!is_root(rule) || next_place->priority <= rule.rule->priority))
      result.ethernet.emplace_back(*next_place++);
    result.ethernet.emplace_back(std::move(rule));
  }
  return result;
}

} // namespace nwgate
