// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/kernel/netlink/support.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <sched.h>

namespace nwgate::netlink::testing {

namespace {

constexpr std::uint8_t label_type = 7;

NftExpr make_expression(const char *name) {
  NftExpr expression(nftnl_expr_alloc(name));
  EXPECT_TRUE(expression) << name;
  return expression;
}

} // namespace

void KernelTest::SetUp() {
  if (unshare(CLONE_NEWNET) != 0) {
    const std::string reason = std::string("cannot make a network namespace: ") + std::strerror(errno);
    if (required())
      FAIL() << reason;
    GTEST_SKIP() << reason;
  }
  auto opened = Socket::open();
  ASSERT_TRUE(opened) << opened.error().message();
  socket_ = std::make_unique<Socket>(std::move(*opened));
}

bool KernelTest::required() {
  const char *value = std::getenv("NWG_REQUIRE_KERNEL");
  return value != nullptr && std::string(value) == "1";
}

Socket KernelTest::open_socket() {
  auto opened = Socket::open();
  EXPECT_TRUE(opened) << opened.error().message();
  return std::move(*opened);
}

void KernelTest::must_commit(Transaction &transaction) {
  auto done = transaction.commit(socket());
  ASSERT_TRUE(done) << done.error().message();
  for (const Refusal &refusal : done->refusals)
    ADD_FAILURE() << "refused: " << refusal.tag.value_or(0) << ": " << refusal.message;
  ASSERT_EQ(done->outcome, Commit::Outcome::committed);
}

void KernelTest::make_chain_with_rules(int count) {
  Transaction transaction;
  transaction.add_table(table_, 0);
  transaction.add_chain(chain_, 0);
  for (int number = 1; number <= count; ++number)
    transaction.add_rule(*make_rule(chain_, std::to_string(number)), Position::append(), 0);
  must_commit(transaction);
}

std::vector<NftRule> KernelTest::rules_of_chain() {
  auto found = rules(socket(), chain_);
  EXPECT_TRUE(found) << found.error().message();
  return found ? std::move(*found) : std::vector<NftRule>();
}

std::vector<std::string> KernelTest::labels() {
  std::vector<std::string> texts;
  for (const NftRule &rule : rules_of_chain())
    texts.push_back(label_of(*rule));
  return texts;
}

NftRule make_rule(const ChainName &chain, const std::string &label, const std::optional<std::int32_t> &verdict) {
  NftRule rule(nftnl_rule_alloc());
  nftnl_rule_set_u32(rule.get(), NFTNL_RULE_FAMILY, static_cast<std::uint32_t>(chain.family));
  nftnl_rule_set_str(rule.get(), NFTNL_RULE_TABLE, chain.table.c_str());
  nftnl_rule_set_str(rule.get(), NFTNL_RULE_CHAIN, chain.name.c_str());
  nftnl_rule_add_expr(rule.get(), make_expression("counter").release());
  if (verdict) {
    NftExpr immediate = make_expression("immediate");
    nftnl_expr_set_u32(immediate.get(), NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
    nftnl_expr_set_u32(immediate.get(), NFTNL_EXPR_IMM_VERDICT, static_cast<std::uint32_t>(*verdict));
    nftnl_rule_add_expr(rule.get(), immediate.release());
  }
  if (!label.empty()) {
    UserData data;
    EXPECT_TRUE(data.add(label_type, label));
    set_user_data(*rule, data.bytes());
  }
  return rule;
}

NftRule make_jump(const ChainName &chain, const std::string &target) {
  NftRule rule = make_rule(chain);
  NftExpr immediate = make_expression("immediate");
  nftnl_expr_set_u32(immediate.get(), NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
  nftnl_expr_set_u32(immediate.get(), NFTNL_EXPR_IMM_VERDICT, static_cast<std::uint32_t>(NFT_JUMP));
  nftnl_expr_set_str(immediate.get(), NFTNL_EXPR_IMM_CHAIN, target.c_str());
  nftnl_rule_add_expr(rule.get(), immediate.release());
  return rule;
}

std::string label_of(const nftnl_rule &rule) {
  auto value = find_user_data(user_data_of(rule), label_type);
  return value ? std::string(value->begin(), value->end()) : std::string();
}

void shell(const std::string &command) {
  const int status = std::system(command.c_str()); // NOLINT(cert-env33-c): the tests' own words
  ASSERT_EQ(status, 0) << command;
}

} // namespace nwgate::netlink::testing
