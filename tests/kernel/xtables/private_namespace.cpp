// SPDX-License-Identifier: LGPL-2.1-or-later
#include "private_namespace.h"

#include "drivers/netlink/read_back.h"
#include "drivers/netlink/socket.h"
#include "drivers/netlink/transaction.h"
#include "drivers/xtables/tables.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <sched.h>
#include <sstream>
#include <unistd.h>

namespace nwgate::test {
namespace {

using xtables::Family;

constexpr const char *rule_chain = "x";

std::string tool_of(Family family) { return family == Family::ip ? "iptables" : "ip6tables"; }

} // namespace

void PrivateNamespace::SetUp() {
  if (unshare(CLONE_NEWNET) == 0)
    return;
  const auto reason = fmt::format("no private network namespace: {}", std::strerror(errno));
  if (std::getenv("NWG_REQUIRE_KERNEL") != nullptr)
    FAIL() << reason;
  GTEST_SKIP() << reason;
}

std::string run(const std::string &command, const std::string &input) {
  std::string file = testing::TempDir() + "nwgate_input_XXXXXX";
  const int descriptor = mkstemp(file.data());
  EXPECT_EQ(write(descriptor, input.data(), input.size()), static_cast<ssize_t>(input.size()));
  close(descriptor);
  FILE *pipe = popen(fmt::format("{{ {}; }} <{} 2>&1", command, file).c_str(), "r");
  std::string output;
  std::array<char, 4096> part{};
  while (const auto size = std::fread(part.data(), 1, part.size(), pipe))
    output.append(part.data(), size);
  EXPECT_EQ(pclose(pipe), 0) << command << ": " << output;
  unlink(file.c_str());
  return output;
}

std::vector<std::string> lines_of(const std::string &text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);)
    lines.push_back(line);
  return lines;
}

std::vector<std::string> saved_rules(Family family) {
  std::vector<std::string> rules;
  for (const auto &line : lines_of(run(tool_of(family) + "-save -t filter")))
    if (line == "-A x" || line.starts_with("-A x "))
      rules.push_back(line.substr(std::min(line.size(), std::strlen("-A x "))));
  return rules;
}

int commit(Family family, const std::vector<std::string> &chains, const std::vector<NftRule> &rules) {
  netlink::Transaction transaction;
  transaction.add_table(xtables::table_of(family), 0);
  for (const auto &base : xtables::base_chains(family))
    transaction.add_base_chain(xtables::chain_of(family, base.name), {"filter", base.hook, base.priority}, 0);
  transaction.add_chain(xtables::chain_of(family, rule_chain), 0);
  for (const auto &chain : chains)
    transaction.add_chain(xtables::chain_of(family, chain), 0);
  const auto in = xtables::chain_of(family, rule_chain);
  for (const auto &rule : rules) {
    nftnl_rule_set_u32(rule.get(), NFTNL_RULE_FAMILY, static_cast<std::uint32_t>(in.family));
    nftnl_rule_set_str(rule.get(), NFTNL_RULE_TABLE, in.table.c_str());
    nftnl_rule_set_str(rule.get(), NFTNL_RULE_CHAIN, in.name.c_str());
    transaction.add_rule(*rule, netlink::Position::append(), 0);
  }
  auto socket = netlink::Socket::open();
  const auto result = socket ? transaction.commit(*socket) : Result<netlink::Commit>(fail(socket.error()));
  if (!result)
    return result.error().code();
  return result->outcome == netlink::Commit::Outcome::committed ? 0 : result->refusals.front().code;
}

std::vector<NftRule> dump(Family family) {
  auto socket = netlink::Socket::open();
  auto rules = netlink::rules(*socket, xtables::chain_of(family, rule_chain));
  EXPECT_TRUE(rules) << rules.error().message();
  return rules ? std::move(*rules) : std::vector<NftRule>();
}

std::vector<std::string> expressions_of(const nftnl_rule &rule) {
  std::vector<std::string> expressions;
  nftnl_expr_foreach(
      const_cast<nftnl_rule *>(&rule),
      [](nftnl_expr *expression, void *list) {
        std::array<char, 4096> buffer{};
        auto *header = mnl_nlmsg_put_header(buffer.data());
        nftnl_expr_build_payload(header, expression);
        static_cast<std::vector<std::string> *>(list)->push_back(
            std::string(nftnl_expr_get_str(expression, NFTNL_EXPR_NAME)) +
            std::string(buffer.data() + sizeof(nlmsghdr), header->nlmsg_len - sizeof(nlmsghdr)));
        return 0;
      },
      &expressions);
  return expressions;
}

} // namespace nwgate::test
