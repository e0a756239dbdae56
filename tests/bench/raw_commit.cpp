// SPDX-License-Identifier: LGPL-2.1-or-later
/// How long the kernel takes to commit one more port when every port has chains of its own: the limit that the layout
/// `xtables` is held against. Plain nf_tables expressions, no matches of the xtables tools, a batch made beforehand.
///
/// usage: raw_commit PORTS...      (root, in a network namespace of its own)
///
/// For each number of ports that are there already, in rising order: the median time of 21 commits that add one more,
/// in microseconds, from sending the batch to the kernel's answer. The shape is that of clean-traffic: 9 chains, 27
/// rules and 2 rules that lead to them.
#include "drivers/netlink/handles.h"
#include "drivers/netlink/socket.h"
#include "drivers/netlink/transaction.h"
#include "drivers/xtables/expressions.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <fmt/format.h>
#include <iostream>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_bridge.h>
#include <vector>

namespace {

using namespace nwgate;

const netlink::TableName table{netlink::Family::bridge, "raw"};
constexpr int chains_per_port = 9;
constexpr int rules_per_chain = 3;
constexpr int repetitions = 21;

netlink::ChainName chain(const std::string &name) { return {table.family, table.name, name}; }

/// A rule that compares six bytes of the link layer's header and then decides.
void add_rule(netlink::Transaction &transaction, const std::string &in, int verdict, const std::string &target) {
  const netlink::NftRule rule(nftnl_rule_alloc());
  nftnl_rule_set_u32(rule.get(), NFTNL_RULE_FAMILY, static_cast<std::uint32_t>(table.family));
  nftnl_rule_set_str(rule.get(), NFTNL_RULE_TABLE, table.name.c_str());
  nftnl_rule_set_str(rule.get(), NFTNL_RULE_CHAIN, in.c_str());
  xtables::ExpressionWriter writer(*rule);
  const std::array<std::uint8_t, 6> address = {0x52, 0x54, 0, 0, 0, 1};
  writer.payload(NFT_PAYLOAD_LL_HEADER, 6, address.size());
  writer.compare(address, false);
  writer.counter();
  writer.verdict(verdict, target);
  transaction.add_rule(*rule, netlink::Position::append(), 0);
}

void add_port(netlink::Transaction &transaction, int port) {
  const auto name = [&](int number) { return fmt::format("c{}-{}", port, number); };
  for (int i = 0; i < chains_per_port; ++i)
    transaction.add_chain(chain(name(i)), 0);
  for (int i = 0; i < chains_per_port; ++i)
    for (int rule = 0; rule < rules_per_chain; ++rule)
      if (i == 0 && rule + 1 < chains_per_port)
        add_rule(transaction, name(0), NFT_JUMP, name(rule + 1));
      else
        add_rule(transaction, name(i), NF_ACCEPT, {});
  add_rule(transaction, "prerouting", NFT_JUMP, name(0));
  add_rule(transaction, "postrouting", NFT_JUMP, name(0));
}

/// Microseconds.
long commit(netlink::Transaction &transaction, netlink::Socket &socket) {
  const auto begin = std::chrono::steady_clock::now();
  const auto result = transaction.commit(socket);
  const auto end = std::chrono::steady_clock::now();
  if (!result || result->outcome != netlink::Commit::Outcome::committed) {
    std::cerr << "raw_commit: " << (result ? result->refusals.front().message : result.error().message()) << '\n';
    std::exit(4);
  }
  return std::chrono::duration_cast<std::chrono::microseconds>(end - begin).count();
}

} // namespace

int main(int argc, char **argv) {
  auto socket = netlink::Socket::open();
  if (!socket) {
    std::cerr << "raw_commit: " << socket.error().message() << '\n';
    return 4;
  }
  netlink::Transaction base;
  base.add_table(table, 0);
  base.add_base_chain(chain("prerouting"), {"filter", NF_BR_PRE_ROUTING, 0, netlink::Policy::accept}, 0);
  base.add_base_chain(chain("postrouting"), {"filter", NF_BR_POST_ROUTING, 0, netlink::Policy::accept}, 0);
  commit(base, *socket);

  int ports = 0;
  for (int i = 1; i < argc; ++i) {
    const int count = std::atoi(argv[i]);
    while (ports < count) {
      netlink::Transaction more;
      for (int batch = 0; batch < 50 && ports < count; ++batch)
        add_port(more, ports++);
      commit(more, *socket);
    }
    std::vector<long> times;
    for (int repetition = 0; repetition < repetitions; ++repetition) {
      netlink::Transaction one;
      add_port(one, ports++);
      times.push_back(commit(one, *socket));
    }
    std::ranges::nth_element(times, times.begin() + repetitions / 2);
    std::cout << count << ' ' << times[repetitions / 2] << '\n';
  }
  return 0;
}
