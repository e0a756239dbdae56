// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/bpf/chains.h"

#include <algorithm>
#include <bit>
#include <stdexcept>

namespace nwgate::bpf {
namespace {

/// How many steps from the first on have the same match at that place.
std::size_t same_at(std::span<const Step> steps, std::size_t place) {
  const auto match_of = [place](const Step &step) -> const Match * {
    const bool has_one = place < step.rule.matches.size() && step.varying != place;
    return has_one ? step.rule.matches[place] : nullptr;
  };
  const auto *first = match_of(steps.front());
  if (first == nullptr)
    return 1;
  std::size_t count = 1;
  while (count < steps.size() && match_of(steps[count]) != nullptr && *match_of(steps[count]) == *first)
    ++count;
  return count;
}

/// Branches of the step that may wait at the same time: of a search only those on the way to one interval.
std::size_t most_waiting(const Step &step) {
  constexpr std::size_t most_of_match = 8;
  return step.rule.matches.size() * most_of_match + std::bit_width(step.intervals.size()) + most_of_match;
}

IpVersion kind_of_map(Field field) {
  return field == Field::ip_saddr || field == Field::ip_daddr ? IpVersion::v4 : IpVersion::v6;
}

} // namespace

std::size_t ChainWriter::map_of(PrefixMap map) {
  const auto found = std::ranges::find(maps_, map);
  if (found != maps_.end())
    return static_cast<std::size_t>(found - maps_.begin());
  maps_.push_back(std::move(map));
  return maps_.size() - 1;
}

void ChainWriter::write(const Place &place, Direction direction, Label accept, Label drop) {
  if (const auto *root = program_.find(place.layer, direction, root_chain))
    write({*root, place, accept, drop, accept});
}

void ChainWriter::write(const Site &site) {
  const auto steps = steps_of(rules_at(site.chain, site.place), limits_.lookup_from);
  write(steps, 0, site);
  write_verdict(site.chain.end == VerdictKind::continue_with_next ? VerdictKind::return_to_caller : site.chain.end,
                site);
}

bool ChainWriter::is_too_long(const ProgramRule &rule) {
  const bool is_now = out_.size() > limits_.instructions || waiting_branches_ > limits_.waiting_branches;
  if (is_now && too_long_at_ == nullptr)
    too_long_at_ = &rule;
  return too_long_at_ != nullptr;
}

void ChainWriter::write(std::span<const Step> steps, std::size_t known, const Site &site) {
  while (!steps.empty() && out_.is_reachable() && !is_too_long(*steps.front().rule.rule)) {
    const auto count = same_at(steps, known);
    if (count < 2) {
      write(steps.front(), known, site);
      steps = steps.subspan(1);
      continue;
    }
    const auto behind = out_.label();
    MatchWriter matches(out_, site.place, behind, site.drop);
    for (std::size_t i = 0; i < known; ++i)
      matches.assume(*steps.front().rule.matches[i]);
    matches.write(*steps.front().rule.matches[known]);
    ++waiting_branches_;
    write(steps.first(count), known + 1, site);
    out_.bind(behind);
    steps = steps.subspan(count);
  }
}

void ChainWriter::write(const Step &step, std::size_t known, const Site &site) {
  const auto next = out_.label();
  const auto branches = out_.branches();
  MatchWriter matches(out_, site.place, next, site.drop);
  for (std::size_t i = 0; i < known; ++i)
    matches.assume(*step.rule.matches[i]);
  for (auto i = known; i < step.rule.matches.size() && out_.is_reachable(); ++i)
    write_match(step, i, matches);
  const auto &rule = *step.rule.rule;
  const bool is_final = rule.verdict != VerdictKind::jump && rule.verdict != VerdictKind::continue_with_next;
  const auto own_branches = std::min<std::size_t>(out_.branches() - branches, most_waiting(step));
  waiting_branches_ += own_branches - (is_final && own_branches > 0 ? 1 : 0);
  if (rule.verdict == VerdictKind::jump) {
    const auto *target = program_.find(site.chain.layer, site.chain.direction, rule.jump_target);
    if (target == nullptr || site.chain.name != root_chain || target->name == root_chain)
      throw std::logic_error("a jump of the program leads nowhere");
    write({*target, site.place, site.accept, site.drop, next});
  } else {
    write_verdict(rule.verdict, site);
  }
  out_.bind(next);
  out_.allow_relay();
}

void ChainWriter::write_match(const Step &step, std::size_t index, MatchWriter &matches) {
  const auto &match = *step.rule.matches[index];
  if (index != step.varying)
    matches.write(match);
  else if (!step.prefixes.empty())
    matches.write_lookup(match.field, map_of({kind_of_map(match.field), step.prefixes}));
  else
    matches.write_any_of(match.field, step.intervals);
}

void ChainWriter::write_verdict(VerdictKind verdict, const Site &site) {
  switch (verdict) {
  case VerdictKind::accept:
    out_.jump(site.accept);
    break;
  case VerdictKind::return_to_caller:
    out_.jump(site.leave);
    break;
  case VerdictKind::continue_with_next:
    break;
  default:
    out_.jump(site.drop);
  }
}

} // namespace nwgate::bpf
