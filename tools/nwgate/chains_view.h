// SPDX-License-Identifier: LGPL-2.1-or-later
/// What `nwgate chains` shows: the ports' chains as the kernel holds them, in the order in which packets meet them.
#pragma once

#include "drivers/netlink/counters.h"
#include "drivers/xtables/kernel_view.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace nwgate {

struct ListedRule {
  /// As the tools list it, or libnftnl's text where it is not a rule of theirs.
  std::string text;
  /// libnftnl's text of the expressions.
  std::string expressions;
  netlink::Counts counts;
  /// Nothing when the rule does not bear nwgate's mark: somebody else put it there.
  std::optional<xtables::OriginText> mark;
  /// accept, drop, return, jump, goto, reject, continue, or empty when it is not known.
  std::string verdict;
  /// Of jump and goto.
  std::string target;
  /// The rule that ebtables keeps for a chain's policy.
  bool is_policy = false;
};

struct ListedChain {
  xtables::Family family{};
  std::string name;
  std::vector<ListedRule> rules;
};

struct ListedPort {
  std::string port;
  /// Entry chains first, each followed by what it jumps to.
  std::vector<ListedChain> chains;
  /// The rules that lead to the entry chains.
  std::vector<ListedChain> links;

  [[nodiscard]] const ListedChain *find(xtables::Family family, const std::string &name) const;
};

/// The ports of the view, or only the one that is named, sorted.
std::vector<ListedPort> list_ports(const xtables::KernelView &view, const std::string &only);

} // namespace nwgate
