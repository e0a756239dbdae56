// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/kernel/xtables_bridge/nat_table.h"

#include "drivers/netlink/read_back.h"
#include "drivers/netlink/socket.h"
#include "drivers/netlink/transaction.h"
#include "drivers/xtables/bridge/bridge_codec.h"
#include "drivers/xtables/bridge/policy.h"
#include "drivers/xtables/tables.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <sched.h>
#include <sstream>
#include <stdexcept>

namespace nwgate::xtables::test {
namespace {

using Refusal = std::optional<std::string>;

void add_rule(netlink::Transaction &transaction, const std::string &chain,
              const std::function<Refusal(nftnl_rule &)> &encode) {
  const auto in = chain_of(Family::bridge, chain);
  const NftRule rule(nftnl_rule_alloc());
  nftnl_rule_set_u32(rule.get(), NFTNL_RULE_FAMILY, static_cast<std::uint32_t>(in.family));
  nftnl_rule_set_str(rule.get(), NFTNL_RULE_TABLE, in.table.c_str());
  nftnl_rule_set_str(rule.get(), NFTNL_RULE_CHAIN, in.name.c_str());
  if (const auto refusal = encode(*rule))
    throw std::invalid_argument(*refusal);
  transaction.add_rule(*rule, netlink::Position::append(), 0);
}

} // namespace

int enter_new_namespace() { return unshare(CLONE_NEWNET) == 0 ? 0 : errno; }

int load_nat(const std::vector<Chain> &chains) {
  netlink::Transaction transaction;
  const auto table = table_of(Family::bridge);
  transaction.add_table(table, 0);
  transaction.delete_table(table, 0);
  transaction.add_table(table, 0);
  for (const auto &base : base_chains(Family::bridge))
    transaction.add_base_chain(chain_of(Family::bridge, base.name), {"filter", base.hook, base.priority}, 0);
  for (const auto &chain : chains)
    transaction.add_chain(chain_of(Family::bridge, chain.name), 0);
  for (const auto &[name, rules, policy] : chains) {
    for (const auto &rule : rules)
      add_rule(transaction, name, [&](nftnl_rule &out) { return encode_bridge(rule, out); });
    if (policy != Verdict::return_to_caller)
      add_rule(transaction, name, [verdict = policy](nftnl_rule &out) { return encode_policy(verdict, out); });
  }
  auto socket = netlink::Socket::open();
  const auto result = socket ? transaction.commit(*socket) : Result<netlink::Commit>(fail(socket.error()));
  if (!result)
    return result.error().code();
  return result->outcome == netlink::Commit::Outcome::committed ? 0 : result->refusals.front().code;
}

std::vector<std::pair<std::string, NftRule>> dump_nat() {
  auto socket = netlink::Socket::open();
  auto found = netlink::rules(*socket, table_of(Family::bridge));
  if (!found)
    throw std::runtime_error(found.error().message());
  std::vector<std::pair<std::string, NftRule>> rules;
  for (auto &rule : *found) {
    std::string chain = nftnl_rule_get_str(rule.get(), NFTNL_RULE_CHAIN);
    rules.emplace_back(std::move(chain), std::move(rule));
  }
  return rules;
}

std::vector<std::uint8_t> expression_bytes(const nftnl_rule &rule) {
  std::vector<std::uint8_t> buffer(1U << 16U);
  NftRule bare(nftnl_rule_alloc());
  const auto copy = [](nftnl_expr *expression, void *header) {
    auto *message = static_cast<nlmsghdr *>(header);
    auto *nest = mnl_attr_nest_start(message, 1);
    nftnl_expr_build_payload(message, expression);
    mnl_attr_nest_end(message, nest);
    return 0;
  };
  auto *message = mnl_nlmsg_put_header(buffer.data());
  nftnl_expr_foreach(const_cast<nftnl_rule *>(&rule), copy, message);
  buffer.resize(message->nlmsg_len);
  return buffer;
}

std::vector<std::string> saved_lines(const std::string &beginning) {
  std::vector<std::string> lines;
  std::istringstream output(output_of("ebtables-save"));
  for (std::string line; std::getline(output, line);)
    if (line.starts_with(beginning))
      lines.push_back(line);
  return lines;
}

std::string output_of(const std::string &command) {
  const Handle<FILE, pclose> pipe(popen(command.c_str(), "r"));
  std::string output;
  char buffer[4096];
  while (const auto size = std::fread(buffer, 1, sizeof buffer, pipe.get()))
    output.append(buffer, size);
  return output;
}

int feed(const std::string &command, const std::string &text) {
  std::signal(SIGPIPE, SIG_IGN);
  FILE *pipe = popen(command.c_str(), "w");
  std::fwrite(text.data(), 1, text.size(), pipe);
  return pclose(pipe);
}

} // namespace nwgate::xtables::test
