// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the kernel holds. Needs CAP_NET_ADMIN, as writing does. Each function shows one state of the kernel,
/// or fails (EAGAIN) when others commit without a pause; several calls fit together within consistent_read().
#pragma once

#include "drivers/netlink/channel.h"
#include "drivers/netlink/counters.h"
#include "drivers/netlink/expression_list.h"
#include "drivers/netlink/generation.h"
#include "drivers/netlink/handles.h"
#include "drivers/netlink/names.h"
#include "drivers/netlink/transaction.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace nwgate::netlink {

struct TableInfo {
  TableName name;
  std::uint64_t handle = 0;
  /// NFT_TABLE_F_*.
  std::uint32_t flags = 0;
  /// Chains, sets and other objects in it.
  std::uint32_t use = 0;
  std::vector<std::uint8_t> user_data;
};

struct ChainInfo {
  ChainName name;
  std::uint64_t handle = 0;
  /// Rules in it, and references to it from verdicts.
  std::uint32_t use = 0;
  /// Only for a base chain.
  std::optional<BaseChain> base;
  std::vector<std::uint8_t> user_data;
};

/// A rule as the kernel describes it.
struct RuleInfo {
  ChainName chain;
  std::uint64_t handle = 0;
  RuleContent content;
  /// What its first counter has counted.
  Counts counts;
};

/// Nothing when there is no such table.
Result<std::optional<TableInfo>> table(Channel &channel, const TableName &name);

/// Nothing when there is no such chain, or no such table.
Result<std::optional<ChainInfo>> chain(Channel &channel, const ChainName &name);

/// All chains of a table, in the kernel's order; none when there is no such table. The kernel lists the
/// chains of the whole family, so this costs what the family holds.
Result<std::vector<ChainInfo>> chains(Channel &channel, const TableName &table);

/// The rules of all chains of a table, chain by chain, in their order; none when there is no such table.
Result<std::vector<NftRule>> rules(Channel &channel, const TableName &table);

/// The same, as the kernel describes them.
Result<std::vector<RuleInfo>> rule_infos(Channel &channel, const TableName &table);

/// The rules of one chain, in their order; none when there is no such chain.
Result<std::vector<NftRule>> rules(Channel &channel, const ChainName &chain);

} // namespace nwgate::netlink
