// SPDX-License-Identifier: LGPL-2.1-or-later
/// Batches of the size that a host with very many ports needs.
#include "tests/kernel/netlink/support.h"

#include <cerrno>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

namespace nwgate::netlink::testing {
namespace {

constexpr std::size_t rule_count = 65536;

class LargeTest : public KernelTest {
protected:
  const std::vector<ChainName> chains_{
      {Family::bridge, "nat", "c"}, {Family::ip, "filter", "c"}, {Family::ip6, "filter", "c"}};
};

TEST_F(LargeTest, many_rules_in_three_families_in_one_batch) {
  Transaction transaction;
  for (const ChainName &name : chains_) {
    transaction.add_table({name.family, name.table}, 0);
    transaction.add_chain(name, 0);
    NftRule rule = make_rule(name, "a rule with its origin", NF_ACCEPT);
    for (std::size_t count = 0; count < rule_count; ++count)
      transaction.add_rule(*rule, Position::append(), count);
  }
  auto done = transaction.commit(socket());
  if (!done && done.error().code() == EMSGSIZE && !required())
    GTEST_SKIP() << done.error().message();
  ASSERT_TRUE(done) << done.error().message();
  ASSERT_EQ(done->outcome, Commit::Outcome::committed);
  EXPECT_EQ(done->messages, 3 * (rule_count + 2) + 2);
  RecordProperty("bytes", std::to_string(done->bytes));
  for (const ChainName &name : chains_)
    EXPECT_EQ(rules(socket(), name)->size(), rule_count);
}

TEST_F(LargeTest, one_bad_rule_at_the_end_of_many) {
  make_chain_with_rules(0);
  Transaction transaction;
  NftRule rule = make_rule(chain_, "x", NF_ACCEPT);
  for (std::size_t count = 0; count < rule_count; ++count)
    transaction.add_rule(*rule, Position::append(), count);
  transaction.add_rule(*make_jump(chain_, "nowhere"), Position::append(), rule_count);
  auto done = transaction.commit(socket());
  ASSERT_TRUE(done) << done.error().message();
  ASSERT_EQ(done->outcome, Commit::Outcome::refused);
  ASSERT_EQ(done->refusals.size(), 1U);
  EXPECT_EQ(done->refusals[0].tag, rule_count);
  EXPECT_TRUE(labels().empty());
}

TEST_F(LargeTest, more_refusals_than_the_receive_buffer_holds_are_still_a_refusal) {
  make_chain_with_rules(1);
  Transaction transaction;
  for (std::size_t count = 0; count < rule_count; ++count)
    transaction.delete_rule(chain_, 1000000, count);
  auto done = transaction.commit(socket());
  ASSERT_TRUE(done) << done.error().message();
  ASSERT_EQ(done->outcome, Commit::Outcome::refused);
  ASSERT_FALSE(done->refusals.empty());
  EXPECT_EQ(done->refusals[0].tag, 0U);
  EXPECT_LT(done->refusals.size(), rule_count) << "the buffer holds them all: make the test larger";
  EXPECT_EQ(labels().size(), 1U); // and the socket works on
  must_commit(transaction = Transaction());
}

} // namespace
} // namespace nwgate::netlink::testing
