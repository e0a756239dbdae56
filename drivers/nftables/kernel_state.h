// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the kernel holds in nwgate's tables.
#pragma once

#include "drivers/netlink/generation.h"
#include "drivers/netlink/read_back.h"
#include "drivers/netlink/sets.h"
#include "drivers/nftables/ruleset.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace nwgate::nftables {

struct KernelRule {
  netlink::RuleInfo info;
  /// canonical_form() of the expressions.
  std::string form;
};

struct KernelChain {
  netlink::ChainInfo info;
  /// Nothing if it is not ours.
  std::optional<ProgramId> program;
  /// The one port that it is for.
  std::string port;
  std::vector<KernelRule> rules;
};

struct KernelSet {
  netlink::SetInfo info;
  /// Nothing if it is not ours.
  std::optional<ProgramId> program;
  netlink::ElementListing listing;
  /// The elements were asked for.
  bool elements_read = false;
};

struct KernelTable {
  netlink::TableInfo info;
  std::map<std::string, KernelChain> chains;
  std::map<std::string, KernelSet> sets;

  [[nodiscard]] bool is_ours() const { return read_program_mark(info.user_data).has_value(); }
};

/// Of one generation.
struct KernelState {
  netlink::GenerationId generation = 0;
  std::map<netlink::Family, KernelTable> tables;

  [[nodiscard]] const KernelTable *find(netlink::Family family) const;
  [[nodiscard]] const KernelSet *find_set(netlink::Family family, const std::string &name) const;
};

enum class ReadElements : std::uint8_t {
  /// Costs what the programs cost, however many ports there are.
  none,
  /// Of all sets.
  all,
  /// Of all sets, with what they have counted.
  all_with_counts,
  /// What port_counters() needs: the sets that count, with their counts, and the marks of ports.
  counts,
};

/// Reads the tables that are called nwgate; `of_cgroups` is for that of the family inet.
Result<KernelState> read_state(netlink::Channel &channel, ReadElements elements, ReadElements of_cgroups);
inline Result<KernelState> read_state(netlink::Channel &channel, ReadElements elements) {
  return read_state(channel, elements, elements);
}

} // namespace nwgate::nftables
