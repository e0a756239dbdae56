// SPDX-License-Identifier: LGPL-2.1-or-later
/// The tables of the layout and their base chains, as ebtables-nft and iptables-nft 1.8.9 make them.
#pragma once

#include "drivers/netlink/transaction.h"
#include "drivers/xtables/rule.h"

#include <array>
#include <linux/netfilter.h>
#include <linux/netfilter_bridge.h>
#include <span>

namespace nwgate::xtables {

struct NamedBaseChain {
  const char *name;
  std::uint32_t hook;
  std::int32_t priority;
};

inline constexpr std::array all_families = {Family::bridge, Family::ip, Family::ip6};

inline netlink::TableName table_of(Family family) {
  switch (family) {
  case Family::bridge:
    return {netlink::Family::bridge, "nat"};
  case Family::ip:
    return {netlink::Family::ip, "filter"};
  case Family::ip6:
    break;
  }
  return {netlink::Family::ip6, "filter"};
}

inline netlink::ChainName chain_of(Family family, const std::string &chain) {
  auto table = table_of(family);
  return {table.family, std::move(table.name), chain};
}

/// All of type filter with policy accept. The priorities of ebtables' nat table are its own, not nf_tables' of NAT.
inline std::span<const NamedBaseChain> base_chains(Family family) {
  static constexpr std::array bridge = {NamedBaseChain{"PREROUTING", NF_BR_PRE_ROUTING, -300},
                                        NamedBaseChain{"OUTPUT", NF_BR_LOCAL_OUT, 100},
                                        NamedBaseChain{"POSTROUTING", NF_BR_POST_ROUTING, 300}};
  static constexpr std::array ip = {NamedBaseChain{"INPUT", NF_INET_LOCAL_IN, 0},
                                    NamedBaseChain{"FORWARD", NF_INET_FORWARD, 0},
                                    NamedBaseChain{"OUTPUT", NF_INET_LOCAL_OUT, 0}};
  return family == Family::bridge ? std::span<const NamedBaseChain>(bridge) : std::span<const NamedBaseChain>(ip);
}

} // namespace nwgate::xtables
