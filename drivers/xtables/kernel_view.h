// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the kernel holds in the three tables, in the tools' terms.
#pragma once

#include "drivers/netlink/read_back.h"
#include "drivers/xtables/chain_names.h"
#include "drivers/xtables/codec.h"
#include "drivers/xtables/ruleset.h"
#include "drivers/xtables/tables.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace nwgate::xtables {

struct KernelRule {
  netlink::NftRule native;
  std::uint64_t handle = 0;
  /// Nothing when it is a policy, or not a rule that the tools would write.
  std::optional<Rule> rule;
  /// The end of a bridge chain, which ebtables keeps as a last rule.
  std::optional<Verdict> policy;
};

struct KernelChain {
  netlink::ChainInfo info;
  /// The port whose chain it is, empty for a shared chain of ours; nothing for a chain of others.
  std::optional<std::string> owner;
  std::vector<KernelRule> rules;
  /// False when the rules were not asked for.
  bool rules_read = false;
};

/// Whether the rule drops or rejects what comes to it.
bool ends_packets(const KernelRule &rule);

struct KernelTable {
  std::optional<netlink::TableInfo> info;
  std::map<std::string, KernelChain> chains;

  [[nodiscard]] const KernelChain *find(const std::string &chain) const;
};

/// A consistent picture of one generation.
struct KernelView {
  netlink::GenerationId generation = 0;
  std::map<Family, KernelTable> tables;
  /// Every chain of the tables is in it; otherwise only what read_ports() looks for.
  bool complete = false;
};

/// Reads the three tables whole: costs what they hold.
Result<KernelView> read_all(netlink::Channel &channel, const SetIndex &sets);

/// Reads what concerns these ports: their chains by name and by the jumps between them, the base and shared chains,
/// and of these the rules only where the port has chains already, so that a first bind costs the same on a full host.
/// `wanted` are the rulesets that will be committed; `leaving` the ports that will have none. With cgroups, what OUTPUT
/// and INPUT lead to of cgroups is read, too.
Result<KernelView> read_ports(netlink::Channel &channel, const SetIndex &sets, const ChainPrefix &prefix,
                              const std::vector<const PortRuleset *> &wanted, const std::vector<std::string> &leaving,
                              bool with_cgroups = false);

} // namespace nwgate::xtables
