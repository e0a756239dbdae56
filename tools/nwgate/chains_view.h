// SPDX-License-Identifier: LGPL-2.1-or-later
/// What `nwgate chains` shows: the ports' chains as the kernel holds them, in the order in which packets meet them.
#pragma once

#include "drivers/netlink/counters.h"
#include "drivers/nftables/kernel_state.h"
#include "drivers/nftables/plan.h"
#include "drivers/nftables/port_counters.h"
#include "drivers/xtables/kernel_view.h"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace nwgate {

struct ListedRule {
  /// As the layout's tools list it, or libnftnl's text where it is not a rule of theirs.
  std::string text;
  /// The same with the port's own values where they are looked up; empty if the rule looks up none.
  std::string text_with_values;
  /// libnftnl's text of the expressions.
  std::string expressions;
  netlink::Counts counts;
  /// Nothing when the rule does not bear nwgate's mark: somebody else put it there.
  std::optional<xtables::OriginText> mark;
  /// accept, drop, return, jump, goto, reject, vmap, continue, or empty when it is not known.
  std::string verdict;
  /// Of jump and goto.
  std::string target;
  /// The rule that ebtables keeps for a chain's policy.
  bool is_policy = false;
};

struct ListedChain {
  /// `bridge nat`, `ip nwgate`.
  std::string table;
  std::string name;
  std::vector<ListedRule> rules;
};

/// A program that ports share, in the layout nftables.
struct ListedProgram {
  std::string name;
  std::string filter;
  /// How packets come to it: bridge, bridge_conntrack, routed, device or macvtap.
  std::string attachment;
  /// Ports that have it; its rules count for all of them.
  std::size_t ports = 0;
};

struct ListedPort {
  std::string port;
  std::string layout;
  /// Nothing in the layout xtables, where a port has its rules for itself.
  std::optional<ListedProgram> program;
  /// Of this port alone; nothing in the layout xtables.
  std::optional<nftables::PortCounters> counters;
  /// Entry chains first, each followed by what it jumps to.
  std::vector<ListedChain> chains;
  /// The rules that lead to the entry chains.
  std::vector<ListedChain> links;

  [[nodiscard]] const ListedChain *find(const std::string &table, const std::string &name) const;
};

/// The ports of the view, or only the one that is named, sorted; of cgroups only that whose owner is named.
std::vector<ListedPort> list_ports(const xtables::KernelView &view, const std::string &only);
/// The state's elements have to be read with counts. `sets` are the host's IP sets.
std::vector<ListedPort> list_ports(const nftables::KernelState &state, const xtables::SetIndex &sets,
                                   const std::string &only);

struct NamedCgroup {
  std::string name;
  nftables::CgroupKey key;
};

/// Of each of the cgroups what the layout nftables has for it; nothing if it has none.
std::vector<std::optional<ListedPort>> list_cgroups(const nftables::KernelState &state, const xtables::SetIndex &sets,
                                                    const std::vector<NamedCgroup> &cgroups);

} // namespace nwgate
