// SPDX-License-Identifier: LGPL-2.1-or-later
/// How long the kernel takes to commit one more port when every port has chains of its own: the limits that the layout
/// `xtables` is held against, in batches made beforehand.
///
/// usage: raw_commit plain|ebtables PORTS...      (root, in a network namespace of its own)
///
/// For each number of ports that are there already, in rising order: the median time of 21 commits that add one more,
/// in microseconds, from sending the batch to the kernel's answer. There is a rest before each: one right behind the
/// other finds the rules in the processor's caches, which a command that somebody runs does not. `plain` has the shape
/// of clean-traffic, 9 chains, 27 rules and 2 that lead to them, each a comparison, a counter and a verdict. `ebtables`
/// has the rules of clean-traffic as ebtables writes them, its matches and the rules of its policies included.
#include "drivers/netlink/handles.h"
#include "drivers/netlink/socket.h"
#include "drivers/netlink/transaction.h"
#include "drivers/xtables/bridge/policy.h"
#include "drivers/xtables/codec.h"
#include "drivers/xtables/expressions.h"
#include "drivers/xtables/layout.h"
#include "tests/support/documents.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <fmt/format.h>
#include <iostream>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_bridge.h>
#include <thread>
#include <vector>

namespace {

using namespace nwgate;

const netlink::TableName table{netlink::Family::bridge, "nat"};
constexpr const char *before = "PREROUTING";
constexpr const char *behind = "POSTROUTING";
constexpr int repetitions = 21;
constexpr std::chrono::milliseconds rest{20};

netlink::ChainName chain(const std::string &name) { return {table.family, table.name, name}; }

netlink::NftRule new_rule(const std::string &in) {
  netlink::NftRule rule(nftnl_rule_alloc());
  nftnl_rule_set_u32(rule.get(), NFTNL_RULE_FAMILY, static_cast<std::uint32_t>(table.family));
  nftnl_rule_set_str(rule.get(), NFTNL_RULE_TABLE, table.name.c_str());
  nftnl_rule_set_str(rule.get(), NFTNL_RULE_CHAIN, in.c_str());
  return rule;
}

/// A rule that compares six bytes of the link layer's header and then decides.
void add_plain_rule(netlink::Transaction &transaction, const std::string &in, int verdict, const std::string &target) {
  const auto rule = new_rule(in);
  xtables::ExpressionWriter writer(*rule);
  const std::array<std::uint8_t, 6> address = {0x52, 0x54, 0, 0, 0, 1};
  writer.payload(NFT_PAYLOAD_LL_HEADER, 6, address.size());
  writer.compare(address, false);
  writer.counter();
  writer.verdict(verdict, target);
  transaction.add_rule(*rule, netlink::Position::append(), 0);
}

/// A chain of clean-traffic: where a packet enters or which chain leads to it, its jumps, and the rules beside them.
struct Shape {
  const char *name;
  const char *from;
  int rules;
};
constexpr std::array shapes = {
    Shape{"I", before, 4},      Shape{"I-mac", "I", 2},    Shape{"I-ipv4-ip", "I", 3},
    Shape{"I-arp-mac", "I", 2}, Shape{"I-arp-ip", "I", 2}, Shape{"I-rarp", "I", 2},
    Shape{"O", behind, 2},      Shape{"O-ipv4", "O", 1},   Shape{"O-rarp", "O", 2},
};

void add_plain_port(netlink::Transaction &transaction, int port) {
  const auto name = [&](std::string_view of) { return fmt::format("{}-{}", of, port); };
  for (const auto &shape : shapes)
    transaction.add_chain(chain(name(shape.name)), 0);
  for (const auto &shape : shapes) {
    for (int rule = 0; rule < shape.rules; ++rule)
      add_plain_rule(transaction, name(shape.name), NF_ACCEPT, {});
    const bool is_base = std::string_view(shape.from).ends_with("ROUTING");
    add_plain_rule(transaction, is_base ? std::string(shape.from) : name(shape.from), NFT_JUMP, name(shape.name));
  }
}

class NoSets : public xtables::SetIndex {
  [[nodiscard]] std::optional<std::uint16_t> index_of(const std::string & /*name*/) const override { return {}; }
  [[nodiscard]] std::optional<std::string> name_of(std::uint16_t /*index*/) const override { return {}; }
};

void add_ebtables_rule(netlink::Transaction &transaction, const std::string &in, const xtables::Rule &rule) {
  const auto native = new_rule(in);
  if (const auto why = xtables::encode(rule, xtables::Family::bridge, NoSets(), *native))
    throw std::runtime_error(*why);
  transaction.add_rule(*native, netlink::Position::append(), 0);
}

void add_ebtables_port(netlink::Transaction &transaction, int port) {
  static test::FilterFolders filters({NWG_SHIPPED_FILTERS});
  Binding binding;
  binding.port = fmt::format("p{}", port);
  binding.mac = {{0x52, 0x54, 0, 0, static_cast<std::uint8_t>(port / 256), static_cast<std::uint8_t>(port % 256)}};
  binding.filter.filter = "clean-traffic";
  binding.filter.parameters = {{"IP", fmt::format("10.0.{}.{}", port / 256, port % 256), {}}};
  Diagnostics diagnostics;
  const auto program = test::compile(binding, filters, diagnostics);
  const auto ruleset = xtables::lay_out(program.value(), binding.port, {}, diagnostics).value();
  for (const auto &laid : ruleset.chains)
    transaction.add_chain(chain(laid.name), 0);
  for (const auto &laid : ruleset.chains) {
    for (const auto &placed : laid.rules)
      add_ebtables_rule(transaction, laid.name, placed.rule);
    const auto policy = new_rule(laid.name);
    xtables::encode_policy(xtables::Verdict::accept, *policy);
    transaction.add_rule(*policy, netlink::Position::append(), 0);
  }
  for (const auto &link : ruleset.links)
    add_ebtables_rule(transaction, link.chain, link.rule);
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
  const std::string_view form = argc > 1 ? argv[1] : "";
  if (form != "plain" && form != "ebtables") {
    std::cerr << "usage: raw_commit plain|ebtables PORTS...\n";
    return 2;
  }
  const auto add_port = form == "plain" ? add_plain_port : add_ebtables_port;
  auto socket = netlink::Socket::open();
  if (!socket) {
    std::cerr << "raw_commit: " << socket.error().message() << '\n';
    return 4;
  }
  netlink::Transaction base;
  base.add_table(table, 0);
  base.add_base_chain(chain(before), {"filter", NF_BR_PRE_ROUTING, -300, netlink::Policy::accept}, 0);
  base.add_base_chain(chain(behind), {"filter", NF_BR_POST_ROUTING, 300, netlink::Policy::accept}, 0);
  commit(base, *socket);

  int ports = 0;
  for (int i = 2; i < argc; ++i) {
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
      std::this_thread::sleep_for(rest);
      times.push_back(commit(one, *socket));
    }
    std::ranges::nth_element(times, times.begin() + repetitions / 2);
    std::cout << count << ' ' << times[repetitions / 2] << '\n';
  }
  return 0;
}
