// SPDX-License-Identifier: LGPL-2.1-or-later
/// Rules that follow each other and differ in one address or number only: one step of the program.
#pragma once

#include "drivers/bpf/interval_set.h"
#include "drivers/bpf/matches.h"
#include "drivers/bpf/prefix_set.h"

#include "engine/program/program.h"

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace nwgate::bpf {

/// A rule, with the matches that the packet decides about.
struct PlacedRule {
  const ProgramRule *rule = nullptr;
  std::vector<const Match *> matches;
};

/// One rule, or several that are the same but for their matches at one place: then these are intervals or prefixes.
struct Step {
  /// The first of them stands for all.
  PlacedRule rule;
  /// Index of the match in which they differ.
  std::optional<std::size_t> varying;
  /// One of the two is empty.
  std::vector<Interval> intervals;
  std::vector<Prefix> prefixes;
};

/// So many addresses are looked up in a map; fewer are compared with in the program.
struct LookupSizes {
  std::size_t ipv4;
  std::size_t ipv6;
};

/// The rules of a chain that may match at that place, in the program's order. Rules whose matches are all equal
/// become one.
std::vector<PlacedRule> rules_at(const Chain &chain, const Place &place);
std::vector<Step> steps_of(std::span<const PlacedRule> rules, const LookupSizes &lookup_from);

} // namespace nwgate::bpf
