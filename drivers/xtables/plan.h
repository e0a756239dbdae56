// SPDX-License-Identifier: LGPL-2.1-or-later
/// What has to change in the kernel: decided purely, then committed in one transaction.
#pragma once

#include "drivers/netlink/transaction.h"
#include "drivers/xtables/kernel_view.h"
#include "drivers/xtables/ruleset.h"
#include "engine/base/diagnostics.h"

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace nwgate::xtables {

/// What should be there.
struct Desired {
  /// And cgroups.
  std::vector<const PortRuleset *> ports;
  /// Ports that shall have nothing. With a complete view, every port of ours that is not in `ports` leaves as well.
  std::vector<std::string> leaving;
  /// Ports that keep what they have, whatever that is: their documents are broken at the moment.
  std::set<std::string> untouched;
  /// The plan decides about cgroups: those that are not in `ports` leave.
  bool with_cgroups = false;
  /// Whether the cgroup of an owner is not there any more; it is asked for those that the kernel does not find.
  std::function<bool(const std::string &owner)> is_gone = {};
  /// Replace chains that have the names of ours and do not bear our mark, instead of refusing.
  bool adopt = false;
  ChainPrefix prefix;
};

/// One change.
struct Operation {
  enum class Kind : std::uint8_t {
    add_table,
    add_base_chain,
    add_chain,
    add_rule,
    replace_rule,
    delete_rule,
    flush_chain,
    delete_chain,
    delete_table,
  };
  Kind kind{};
  Family family{};
  std::string chain;
  /// The port that the change is for; empty for what ports share.
  std::string port;
  /// Of add_rule and replace_rule. The transaction sets its handle.
  netlink::NftRule rule;
  /// The rule that is added, replaced or deleted, if it is one that the tools would write.
  std::optional<Rule> listed;
  OriginText mark;
  std::shared_ptr<const Origin> origin;
  /// Of replace_rule and delete_rule.
  std::uint64_t handle = 0;
  netlink::Position position = netlink::Position::append();
  /// The deleted rule or chain does not bear our mark.
  bool foreign = false;
};

/// The place of what no document holds.
SourcePosition kernel_place();

/// The operation's rule as the tools list it; empty when the operation is about a chain or table.
std::string text_of(const Operation &operation);

struct Plan {
  std::vector<Operation> operations;
  netlink::GenerationId generation = 0;
};

/// Compares what is desired with what is there. Kept rules keep their handles and counters; a rule whose origin alone
/// has changed is replaced with its counts. Chains of a port that do not bear our mark are never touched: a name that
/// is taken is reported. So is a rule that cannot be written. `at_fault` gets the ports of what was reported.
std::optional<Plan> make_plan(const Desired &desired, const KernelView &view, const SetIndex &sets,
                              Diagnostics &diagnostics, std::set<std::string> *at_fault = nullptr);

/// Commits the plan as one batch. The first refusal is reported at the rule's place in the documents.
/// The outcome is that of netlink::Commit.
Result<netlink::Commit> commit(Plan &plan, netlink::Channel &channel, Diagnostics &diagnostics);

} // namespace nwgate::xtables
