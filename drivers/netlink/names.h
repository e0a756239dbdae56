// SPDX-License-Identifier: LGPL-2.1-or-later
/// How nf_tables calls its tables and chains.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <string>

namespace nwgate::netlink {

/// The values are the kernel's NFPROTO_*.
enum class Family : std::uint8_t { inet = 1, ip = 2, arp = 3, netdev = 5, bridge = 7, ip6 = 10 };

struct TableName {
  Family family{};
  std::string name;
  auto operator<=>(const TableName &) const = default;
};

/// As nft writes it: `inet nwgate`.
inline std::string to_text(const TableName &table) {
  const auto *family = table.family == Family::bridge   ? "bridge"
                       : table.family == Family::netdev ? "netdev"
                       : table.family == Family::arp    ? "arp"
                       : table.family == Family::ip     ? "ip"
                       : table.family == Family::inet   ? "inet"
                                                        : "ip6";
  return std::string(family) + " " + table.name;
}

struct ChainName {
  Family family{};
  std::string table;
  std::string name;
  auto operator<=>(const ChainName &) const = default;
};

/// The number of commits that a network namespace has seen: one more with each, by whomever. Wraps around 0.
using GenerationId = std::uint32_t;

/// Bytes that somebody else owns.
using Bytes = std::span<const std::uint8_t>;

} // namespace nwgate::netlink
