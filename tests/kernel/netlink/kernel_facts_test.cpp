// SPDX-License-Identifier: LGPL-2.1-or-later
/// Properties of nf_tables that the code above this folder builds on. If one fails, the kernel has changed.
#include "tests/kernel/netlink/support.h"

#include <cerrno>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

namespace nwgate::netlink::testing {
namespace {

using Texts = std::vector<std::string>;

class KernelFactsTest : public KernelTest {
protected:
  std::uint64_t handle_of(std::size_t index) {
    return nftnl_rule_get_u64(rules_of_chain().at(index).get(), NFTNL_RULE_HANDLE);
  }
  static std::vector<std::uint8_t> data_of(const std::string &text) {
    UserData data;
    EXPECT_TRUE(data.add(1, text));
    return {data.bytes().begin(), data.bytes().end()};
  }
};

TEST_F(KernelFactsTest, a_rule_can_be_added_next_to_a_rule_that_the_same_batch_deletes_later) {
  make_chain_with_rules(3);
  Transaction transaction;
  transaction.add_rule(*make_rule(chain_, "new"), Position::before(handle_of(1)), 0);
  transaction.delete_rule(chain_, handle_of(1), 1);
  must_commit(transaction);
  EXPECT_EQ(labels(), (Texts{"1", "new", "3"}));
}

TEST_F(KernelFactsTest, a_rule_that_the_same_batch_has_deleted_still_marks_its_place) {
  make_chain_with_rules(3);
  Transaction transaction;
  transaction.delete_rule(chain_, handle_of(1), 1);
  transaction.add_rule(*make_rule(chain_, "a"), Position::before(handle_of(1)), 2);
  transaction.add_rule(*make_rule(chain_, "b"), Position::before(handle_of(1)), 2);
  must_commit(transaction);
  EXPECT_EQ(labels(), (Texts{"1", "a", "b", "3"}));
}

TEST_F(KernelFactsTest, neighbours_of_a_position_may_be_deleted_before) {
  make_chain_with_rules(3);
  Transaction transaction;
  transaction.delete_rule(chain_, handle_of(0), 1);
  transaction.delete_rule(chain_, handle_of(2), 1);
  transaction.add_rule(*make_rule(chain_, "a"), Position::before(handle_of(1)), 2);
  transaction.add_rule(*make_rule(chain_, "b"), Position::before(handle_of(1)), 2);
  must_commit(transaction);
  EXPECT_EQ(labels(), (Texts{"a", "b", "2"}));
}

TEST_F(KernelFactsTest, a_rule_that_vanished_is_refused_with_its_tag) {
  make_chain_with_rules(2);
  const std::uint64_t gone = handle_of(0);
  Transaction theirs;
  theirs.delete_rule(chain_, gone, 0);
  must_commit(theirs);
  Transaction mine;
  mine.delete_rule(chain_, handle_of(0), 7);
  mine.delete_rule(chain_, gone, 8);
  auto done = mine.commit(socket());
  ASSERT_TRUE(done);
  ASSERT_EQ(done->outcome, Commit::Outcome::refused);
  ASSERT_EQ(done->refusals.size(), 1U);
  EXPECT_EQ(done->refusals.at(0).tag, 8U);
  EXPECT_EQ(done->refusals.at(0).code, ENOENT);
  EXPECT_EQ(done->refusals.at(0).message, "No such file or directory");
  EXPECT_EQ(labels(), Texts{"2"});
}

TEST_F(KernelFactsTest, user_data_of_tables_and_chains_is_only_taken_when_they_are_made) {
  for (const char *text : {"first", "second"}) {
    Transaction transaction;
    transaction.add_table(table_, 0, data_of(text));
    transaction.add_chain(chain_, 1, data_of(text));
    must_commit(transaction);
  }
  EXPECT_EQ(table(socket(), table_).value()->user_data, data_of("first"));
  EXPECT_EQ(chain(socket(), chain_).value()->user_data, data_of("first"));
}

TEST_F(KernelFactsTest, a_chain_can_be_deleted_and_made_again_in_one_batch_with_other_user_data) {
  make_chain_with_rules(2);
  Transaction transaction;
  transaction.delete_chain(chain_, 0);
  transaction.add_chain(chain_, 1, data_of("second"));
  transaction.add_rule(*make_rule(chain_, "x"), Position::append(), 2);
  must_commit(transaction);
  EXPECT_EQ(chain(socket(), chain_).value()->user_data, data_of("second"));
  EXPECT_EQ(labels(), Texts{"x"});
}

TEST_F(KernelFactsTest, a_chain_that_is_jumped_to_is_busy_unless_the_batch_deletes_the_jump_first) {
  make_chain_with_rules(1);
  const ChainName caller{Family::ip, "filter", "caller"};
  Transaction make;
  make.add_chain(caller, 0);
  make.add_rule(*make_jump(caller, "c"), Position::append(), 0);
  must_commit(make);

  Transaction wrong;
  wrong.delete_chain(chain_, 1);
  wrong.flush_chain(caller, 2);
  auto done = wrong.commit(socket());
  ASSERT_TRUE(done);
  ASSERT_EQ(done->outcome, Commit::Outcome::refused);
  EXPECT_EQ(done->refusals.at(0).tag, 1U);
  EXPECT_EQ(done->refusals.at(0).code, EBUSY);

  Transaction right;
  right.flush_chain(caller, 2);
  right.delete_chain(chain_, 1);
  must_commit(right);
  EXPECT_FALSE(chain(socket(), chain_).value());
}

TEST_F(KernelFactsTest, a_new_rule_may_jump_to_a_chain_that_the_same_batch_made_before) {
  make_chain_with_rules(0);
  Transaction transaction;
  transaction.add_chain({Family::ip, "filter", "d"}, 0);
  transaction.add_rule(*make_jump(chain_, "d"), Position::append(), 1);
  must_commit(transaction);
  EXPECT_EQ(chain(socket(), {Family::ip, "filter", "d"}).value()->use, 1U);
}

} // namespace
} // namespace nwgate::netlink::testing
