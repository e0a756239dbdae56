// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/model/chain_name.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <fmt/format.h>

namespace nwgate {
namespace {

struct PrefixRow {
  std::string_view text;
  ChainPrefix prefix;
  int priority;
};
constexpr std::array rows = {PrefixRow{"mac", ChainPrefix::mac, -800},   PrefixRow{"vlan", ChainPrefix::vlan, -750},
                             PrefixRow{"stp", ChainPrefix::stp, -810},   PrefixRow{"arp", ChainPrefix::arp, -500},
                             PrefixRow{"rarp", ChainPrefix::rarp, -400}, PrefixRow{"ipv4", ChainPrefix::ipv4, -700},
                             PrefixRow{"ipv6", ChainPrefix::ipv6, -600}};

bool has_legal_characters(std::string_view name) {
  return std::ranges::all_of(name, [](unsigned char c) {
    return (std::isalnum(c) != 0 && c < 0x80) || c == '_' || c == '.' || c == ':' || c == '-';
  });
}

} // namespace

std::optional<ChainPrefix> chain_prefix(std::string_view name) {
  if (name == "root")
    return ChainPrefix::root;
  if (name.size() > max_chain_name || !has_legal_characters(name))
    return std::nullopt;
  const auto *row = std::ranges::find_if(rows, [&](const PrefixRow &r) { return name.starts_with(r.text); });
  return row == rows.end() ? std::nullopt : std::optional(row->prefix);
}

std::string why_illegal_chain(std::string_view name) {
  if (name.size() > max_chain_name)
    return fmt::format("chain name '{}' is longer than {} characters", name, max_chain_name);
  if (!has_legal_characters(name))
    return fmt::format("chain name '{}' has a character other than letters, digits, _ . : -", name);
  return fmt::format("chain name '{}' is not 'root' and does not begin with mac, vlan, stp, arp, rarp, ipv4 or ipv6",
                     name);
}

int default_chain_priority(ChainPrefix prefix) {
  const auto *row = std::ranges::find(rows, prefix, &PrefixRow::prefix);
  return row == rows.end() ? 0 : row->priority;
}

} // namespace nwgate
