// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/resolve/expand_directions.h"

namespace nwgate {
namespace {

using namespace connection_state;

/// Whether the rule is written from the point of view of a packet of that direction. `inout` is written for `in`.
bool is_written_for(const Rule &rule, Direction direction) {
  return (rule.direction == RuleDirection::out) == (direction == Direction::out);
}

bool covers(const Rule &rule, Direction direction) {
  return rule.direction == RuleDirection::inout || is_written_for(rule, direction);
}

std::vector<DirectedRule> expand_ethernet(const Rule &rule) {
  std::vector<DirectedRule> copies;
  for (const auto direction : {Direction::out, Direction::in})
    if (covers(rule, direction))
      copies.push_back({direction, !is_written_for(rule, direction), 0, std::nullopt});
  return copies;
}

/// The user has written the states: nothing is added for the answers.
std::vector<DirectedRule> expand_with_states(const Rule &rule, std::uint32_t states) {
  auto copies = expand_ethernet(rule);
  for (auto &copy : copies)
    copy.states = states == none ? 0 : states;
  return copies;
}

std::vector<DirectedRule> expand_with_answers(const Rule &rule) {
  const bool one_way = rule.direction != RuleDirection::inout;
  const bool follows_connection = rule.action == Action::accept && rule.statematch && one_way;
  // A type names one kind of message, never the answer to it.
  const bool has_icmp_type = rule.find(Attribute::icmp_type) != nullptr;
  std::vector<DirectedRule> copies;
  for (const auto direction : {Direction::out, Direction::in}) {
    DirectedRule copy{direction, !is_written_for(rule, direction), 0, std::nullopt};
    if (has_icmp_type && one_way && copy.swapped)
      continue;
    if (follows_connection) {
      copy.states = copy.swapped ? established : new_state | established;
      if (!has_icmp_type)
        copy.reply = copy.swapped;
    }
    copies.push_back(copy);
  }
  return copies;
}

} // namespace

std::vector<DirectedRule> expand_directions(const Rule &rule) {
  if (spec_of(rule.protocol).layer == Layer::ethernet)
    return expand_ethernet(rule);

  const auto *state = rule.find(Attribute::state);
  auto copies = state != nullptr && rule.statematch
                    ? expand_with_states(rule, std::get<std::uint32_t>(std::get<Literal>(state->value)))
                    : expand_with_answers(rule);
  if (rule.find(Attribute::connlimit_above) != nullptr) {
    // A limit counts the connections of one side: it has no mirror, and an accept takes it instead of a state.
    std::erase_if(copies, [](const DirectedRule &copy) { return copy.swapped; });
    if (rule.action == Action::accept)
      for (auto &copy : copies)
        copy = {copy.direction, copy.swapped, 0, std::nullopt};
  }
  return copies;
}

} // namespace nwgate
