// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/bpf/runs.h"

#include "drivers/bpf/operands.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cstring>

namespace nwgate::bpf {
namespace {

/// What is compared with in the program itself: some 10,000 instructions, which the offsets of jumps must span.
constexpr std::size_t most_intervals = 4096;

enum class Kind : std::uint8_t { none, number, ipv4, ipv6 };

Kind kind_of(const Match &match) {
  const bool is_plain = match.form == Form::single || match.form == Form::range;
  if (match.negated)
    return Kind::none;
  switch (match.field) {
  case Field::th_sport:
  case Field::th_dport:
    return is_plain ? Kind::number : Kind::none;
  case Field::ip_saddr:
  case Field::ip_daddr:
    return is_plain || match.form == Form::masked ? Kind::ipv4 : Kind::none;
  case Field::ip6_saddr:
  case Field::ip6_daddr:
    return match.form == Form::single || match.form == Form::masked ? Kind::ipv6 : Kind::none;
  default:
    return Kind::none;
  }
}

std::uint32_t number_of(const Ipv4Address &address) {
  std::uint32_t raw = 0;
  std::memcpy(&raw, address.bytes.data(), sizeof raw);
  return ntohl(raw);
}

Interval interval_of(const Match &match) {
  if (kind_of(match) == Kind::number)
    return {number(match, 0), number(match, match.form == Form::range ? 1 : 0)};
  if (match.form == Form::range)
    return {number_of(ipv4(match, 0)), number_of(ipv4(match, 1))};
  const auto mask = Ipv4Address::mask(match.form == Form::masked ? number(match, 1) : 32);
  const auto first = number_of(ipv4(match, 0) & mask);
  return {first, first | ~number_of(mask)};
}

Prefix prefix_in(const Match &match) {
  if (kind_of(match) == Kind::ipv4)
    return prefix_of(ipv4(match, 0), match.form == Form::masked ? number(match, 1) : 32);
  return prefix_of(ipv6(match, 0), match.form == Form::masked ? number(match, 1) : 128);
}

bool is_same_but_for(const PlacedRule &left, const PlacedRule &right, std::optional<std::size_t> where) {
  for (std::size_t i = 0; i < left.matches.size(); ++i)
    if (i != where && *left.matches[i] != *right.matches[i])
      return false;
  return true;
}

bool have_same_frame(const PlacedRule &left, const PlacedRule &right) {
  return left.rule->verdict == right.rule->verdict && left.rule->verdict != VerdictKind::jump &&
         left.matches.size() == right.matches.size();
}

/// The one match in which the two rules differ, of a kind that can be put together.
std::optional<std::size_t> difference(const PlacedRule &left, const PlacedRule &right) {
  if (!have_same_frame(left, right))
    return std::nullopt;
  for (std::size_t i = 0; i < left.matches.size(); ++i) {
    if (*left.matches[i] == *right.matches[i])
      continue;
    const bool can_join = left.matches[i]->field == right.matches[i]->field &&
                          kind_of(*left.matches[i]) != Kind::none && kind_of(*right.matches[i]) != Kind::none;
    return can_join && is_same_but_for(left, right, i) ? std::optional(i) : std::nullopt;
  }
  return std::nullopt;
}

/// How many rules from the first on differ at that place only.
std::size_t run_length(std::span<const PlacedRule> rules, std::size_t where) {
  const auto &first = rules.front();
  std::size_t count = 1;
  while (count < rules.size() && have_same_frame(first, rules[count]) &&
         first.matches[where]->field == rules[count].matches[where]->field &&
         kind_of(*rules[count].matches[where]) != Kind::none && is_same_but_for(first, rules[count], where))
    ++count;
  return count;
}

/// How many of the rules became one step.
std::size_t add_step(std::span<const PlacedRule> rules, const LookupSizes &lookup_from, std::vector<Step> &steps) {
  steps.push_back({rules.front(), {}, {}, {}});
  auto &step = steps.back();
  const auto where = rules.size() < 2 ? std::nullopt : difference(rules[0], rules[1]);
  if (!where)
    return 1;
  auto run = rules.first(run_length(rules, *where));
  const auto kind = kind_of(*run.front().matches[*where]);
  const bool are_prefixes = kind != Kind::number && std::ranges::none_of(run, [&](const PlacedRule &rule) {
                              return rule.matches[*where]->form == Form::range;
                            });
  if (are_prefixes && run.size() >= (kind == Kind::ipv4 ? lookup_from.ipv4 : lookup_from.ipv6)) {
    for (const auto &rule : run)
      step.prefixes.push_back(prefix_in(*rule.matches[*where]));
    step.prefixes = merged(std::move(step.prefixes));
  } else if (kind != Kind::ipv6) {
    run = run.first(std::min(run.size(), most_intervals));
    for (const auto &rule : run)
      step.intervals.push_back(interval_of(*rule.matches[*where]));
    step.intervals = merged(std::move(step.intervals));
  } else {
    return 1;
  }
  step.varying = where;
  return run.size();
}

} // namespace

std::vector<PlacedRule> rules_at(const Chain &chain, const Place &place) {
  std::vector<PlacedRule> rules;
  for (const auto &rule : chain.rules) {
    PlacedRule placed{&rule, {}};
    bool may_match = true;
    for (const auto &match : rule.matches) {
      const auto answer = known_answer(match, place);
      may_match = may_match && answer.value_or(true);
      if (!answer)
        placed.matches.push_back(&match);
    }
    const bool is_repeated =
        !rules.empty() && have_same_frame(rules.back(), placed) && is_same_but_for(rules.back(), placed, std::nullopt);
    if (may_match && !is_repeated)
      rules.push_back(std::move(placed));
  }
  return rules;
}

std::vector<Step> steps_of(std::span<const PlacedRule> rules, const LookupSizes &lookup_from) {
  std::vector<Step> steps;
  while (!rules.empty())
    rules = rules.subspan(add_step(rules, lookup_from, steps));
  return steps;
}

} // namespace nwgate::bpf
