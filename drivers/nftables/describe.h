// SPDX-License-Identifier: LGPL-2.1-or-later
/// A rule of the kernel in words like those of nft(8): what the expressions say, whatever documents say.
#pragma once

#include "drivers/netlink/expression_list.h"
#include "drivers/netlink/names.h"
#include "drivers/netlink/sets.h"
#include "drivers/xtables/codec.h"

#include <functional>
#include <string>
#include <vector>

namespace nwgate::nftables {

struct RuleWords {
  struct Condition {
    std::string text;
    /// The set or map that is looked up; empty without.
    std::string set;
  };
  /// In the order of the expressions; what a rule does beside its verdict, such as setting a mark, is among them. Loads
  /// that only ask whether the packet is long enough, and counters, have no words.
  std::vector<Condition> conditions;
  /// As it stands there: `accept`, `goto drop-out`. Empty without one.
  std::string verdict;
  /// What becomes of the packet: accept, drop, reject, return, jump, goto, vmap or continue. The chains that only count
  /// and then accept, drop or reject are seen through.
  std::string effect;
  /// Of jump and goto.
  std::string target;

  /// Conditions and verdict.
  [[nodiscard]] std::string text() const;
};

/// The set or map of a name in the rule's table; nullptr if it is not known.
using SetSpecs = std::function<const netlink::SetSpec *(const std::string &name)>;

/// `sets` are the host's IP sets. What is not understood is shown as libnftnl prints it.
RuleWords describe(netlink::Family family, const netlink::RuleContent &rule, const SetSpecs &specs,
                   const xtables::SetIndex &sets);

/// All expressions as libnftnl prints them, one line.
std::string expressions_text(const netlink::RuleContent &rule);

} // namespace nwgate::nftables
