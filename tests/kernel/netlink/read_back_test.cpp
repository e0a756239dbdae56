// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/kernel/netlink/support.h"

#include <cerrno>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

namespace nwgate::netlink::testing {
namespace {

class ReadBackTest : public KernelTest {};

TEST_F(ReadBackTest, what_is_not_there_is_empty_and_no_error) {
  EXPECT_FALSE(table(socket(), table_).value());
  EXPECT_FALSE(chain(socket(), chain_).value());
  EXPECT_TRUE(chains(socket(), table_).value().empty());
  EXPECT_TRUE(rules(socket(), table_).value().empty());
  EXPECT_TRUE(rules(socket(), chain_).value().empty());
  Transaction transaction;
  transaction.add_table(table_, 0);
  must_commit(transaction);
  EXPECT_FALSE(chain(socket(), chain_).value());
  EXPECT_TRUE(rules(socket(), chain_).value().empty());
}

TEST_F(ReadBackTest, a_name_longer_than_the_kernel_allows_does_not_exist) {
  make_chain_with_rules(1);
  const std::string longest(70000, 'x');
  auto found = chain(socket(), {Family::ip, "filter", longest});
  EXPECT_FALSE(found && *found);
  EXPECT_TRUE(chain(socket(), chain_).value());
}

TEST_F(ReadBackTest, rules_of_one_chain_and_of_the_whole_table) {
  make_chain_with_rules(2);
  const ChainName other{Family::ip, "filter", "d"};
  const ChainName elsewhere{Family::ip, "mine", "c"};
  Transaction transaction;
  transaction.add_chain(other, 0);
  transaction.add_rule(*make_rule(other, "d1"), Position::append(), 0);
  transaction.add_table({Family::ip, "mine"}, 0);
  transaction.add_chain(elsewhere, 0);
  transaction.add_rule(*make_rule(elsewhere, "m1"), Position::append(), 0);
  transaction.add_rule(*make_jump(other, "c"), Position::append(), 0);
  must_commit(transaction);

  EXPECT_EQ(rules(socket(), chain_)->size(), 2U);
  EXPECT_EQ(rules(socket(), other)->size(), 2U);
  EXPECT_EQ(rules(socket(), table_)->size(), 4U);
  auto found = chains(socket(), table_);
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 2U);
  EXPECT_EQ(found->at(0).name, chain_);
  EXPECT_EQ(found->at(0).use, 3U); // two rules and a jump
  EXPECT_FALSE(found->at(0).base);
  EXPECT_NE(found->at(0).handle, 0U);
  EXPECT_EQ(table(socket(), table_).value()->use, 2U);
}

TEST_F(ReadBackTest, user_data_of_rules_chains_and_tables_up_to_the_limit) {
  UserData data;
  ASSERT_TRUE(data.add(1, std::string(252, 'a')));
  ASSERT_TRUE(data.add(2, std::string_view()));
  ASSERT_EQ(data.bytes().size(), user_data_limit);
  const std::vector<std::uint8_t> expected(data.bytes().begin(), data.bytes().end());
  NftRule rule = make_rule(chain_);
  set_user_data(*rule, data.bytes());
  Transaction transaction;
  transaction.add_table(table_, 0, data.bytes());
  transaction.add_chain(chain_, 0, data.bytes());
  transaction.add_base_chain({Family::ip, "filter", "INPUT"}, {"filter", NF_INET_LOCAL_IN, 0, Policy::accept}, 0,
                             data.bytes());
  transaction.add_rule(*rule, Position::append(), 0);
  must_commit(transaction);

  EXPECT_EQ(table(socket(), table_).value()->user_data, expected);
  auto found = chains(socket(), table_);
  ASSERT_EQ(found->size(), 2U);
  EXPECT_EQ(found->at(0).user_data, expected);
  EXPECT_EQ(found->at(1).user_data, expected);
  const auto written = rules_of_chain();
  const Bytes of_rule = user_data_of(*written.at(0));
  EXPECT_EQ(std::vector<std::uint8_t>(of_rule.begin(), of_rule.end()), expected);
}

TEST_F(ReadBackTest, user_data_over_the_limit_is_refused_by_the_kernel) {
  const std::vector<std::uint8_t> too_long(user_data_limit + 1, 0);
  make_chain_with_rules(0);
  NftRule rule = make_rule(chain_);
  set_user_data(*rule, too_long);
  Transaction transaction;
  transaction.add_rule(*rule, Position::append(), 3);
  auto done = transaction.commit(socket());
  ASSERT_TRUE(done);
  ASSERT_EQ(done->outcome, Commit::Outcome::refused);
  EXPECT_EQ(done->refusals.at(0).tag, 3U);
  // Linux 6.1 adds no words to the refusal.
  EXPECT_EQ(done->refusals.at(0).message.substr(0, 29), "Numerical result out of range");
}

TEST_F(ReadBackTest, consistent_read_repeats_until_nothing_came_in_between) {
  make_chain_with_rules(1);
  Socket other = open_socket();
  int calls = 0;
  auto found = consistent_read(socket(), [&](GenerationId) -> Result<std::size_t> {
    if (++calls < 3) {
      Transaction theirs;
      theirs.add_rule(*make_rule(chain_, "theirs"), Position::append(), 0);
      EXPECT_EQ(theirs.commit(other)->outcome, Commit::Outcome::committed);
    }
    return rules(socket(), chain_)->size();
  });
  ASSERT_TRUE(found);
  EXPECT_EQ(calls, 3);
  EXPECT_EQ(*found, 3U);
  auto never = consistent_read(
      socket(),
      [&](GenerationId) -> Result<int> {
        Transaction theirs;
        theirs.add_rule(*make_rule(chain_, "theirs"), Position::append(), 0);
        EXPECT_EQ(theirs.commit(other)->outcome, Commit::Outcome::committed);
        return 0;
      },
      5);
  ASSERT_FALSE(never);
  EXPECT_EQ(never.error().code(), EAGAIN);
}

TEST_F(ReadBackTest, reads_what_other_tools_wrote) {
  shell("iptables -N FI-vnet0 && iptables -A FI-vnet0 -p tcp --dport 22 -m conntrack --ctstate NEW -j REJECT");
  auto found = rules(socket(), ChainName{Family::ip, "filter", "FI-vnet0"});
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 1U);
  EXPECT_TRUE(counts(*found->front()));
}

} // namespace
} // namespace nwgate::netlink::testing
