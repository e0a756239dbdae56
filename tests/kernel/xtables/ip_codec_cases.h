// SPDX-License-Identifier: LGPL-2.1-or-later
/// Rules of every kind that the codec of iptables and ip6tables knows, with their edges.
#pragma once

#include "drivers/xtables/rule.h"

#include <optional>
#include <string>
#include <vector>

namespace nwgate::test {

/// The sets and chains that the rules name.
inline constexpr const char *set_name = "a_set";
inline constexpr const char *other_chain = "other-chain";

struct Case {
  xtables::Rule rule;
  /// What is read back: the rule, but for conditions that every packet meets.
  xtables::Rule decoded;
  /// What is read back after the save tool's text went through the restore tool. Nothing if that rule is none
  /// of ours.
  std::optional<xtables::Rule> restored;
};

std::vector<Case> cases(xtables::Family family);

/// Paths of the rules' cgroups, which the kernel looks for when it gets a rule; below the first, but for the root.
std::vector<std::string> cgroup_paths();

/// Rules that must be refused.
std::vector<xtables::Rule> refused(xtables::Family family);

// --- words for such rules

using Matches = std::vector<xtables::Match>;
using Ports = xtables::Range<std::uint16_t>;
template <typename T> using Optional = std::optional<xtables::Term<T>>;

inline xtables::Match proto(int number, bool negated = false) {
  return xtables::Protocol{{static_cast<std::uint8_t>(number), negated}};
}

template <typename M> M with_ports(const Optional<Ports> &source, const Optional<Ports> &destination) {
  M match;
  match.source_port = source;
  match.destination_port = destination;
  return match;
}

inline xtables::Tcp with_flags(xtables::Tcp match, std::uint8_t mask, std::uint8_t compare, bool negated) {
  match.flags = {{mask, compare}, negated};
  return match;
}

} // namespace nwgate::test
