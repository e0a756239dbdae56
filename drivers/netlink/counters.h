// SPDX-License-Identifier: LGPL-2.1-or-later
/// The packets and bytes that a rule has counted.
#pragma once

#include <cstdint>
#include <optional>

struct nftnl_rule;

namespace nwgate::netlink {

struct Counts {
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  bool operator==(const Counts &) const = default;
};

/// What the first counter expression of the rule says; nothing when it has none.
std::optional<Counts> counts(const nftnl_rule &rule);

/// Lets the first counter expression of a rule that will be written start at `counts`. False when it has
/// none. Packets that come between reading the old rule and committing the new one are not in it.
bool set_counts(nftnl_rule &rule, const Counts &counts);

} // namespace nwgate::netlink
