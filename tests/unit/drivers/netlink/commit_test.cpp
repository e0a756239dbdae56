// SPDX-License-Identifier: LGPL-2.1-or-later
/// What becomes of a transaction when the answers are lost, late, or odd. In all of these the batch begins
/// with sequence number 1, has the operations 2 and 3, and ends with 4.
#include "drivers/netlink/message.h"
#include "drivers/netlink/transaction.h"
#include "tests/unit/drivers/netlink/fake_channel.h"

#include <cerrno>
#include <gtest/gtest.h>

namespace nwgate::netlink::testing {
namespace {

using Outcome = Commit::Outcome;

class CommitTest : public ::testing::Test {
protected:
  static Transaction two_operations(std::optional<GenerationId> expected = std::nullopt) {
    Transaction transaction(expected);
    transaction.add_table({Family::ip, "filter"}, 20);
    transaction.add_chain({Family::ip, "filter", "c"}, 30);
    return transaction;
  }
  FakeChannel channel_;
  Transaction transaction_ = two_operations();
};

TEST_F(CommitTest, confirmed) {
  channel_.answer({ack(3), ack(4)});
  auto commit = transaction_.commit(channel_);
  ASSERT_TRUE(commit);
  EXPECT_EQ(commit->outcome, Outcome::committed);
  EXPECT_EQ(commit->messages, 4U);
  EXPECT_EQ(commit->bytes, channel_.sent.at(0).size());
}

TEST_F(CommitTest, kernels_that_do_not_answer_the_end) {
  channel_.answer({ack(3)});
  EXPECT_EQ(transaction_.commit(channel_)->outcome, Outcome::committed);
}

TEST_F(CommitTest, interrupted_calls_are_repeated) {
  channel_.send_codes = {EINTR};
  channel_.answer({failing(EINTR), ack(3), failing(EINTR), ack(4)});
  EXPECT_EQ(transaction_.commit(channel_)->outcome, Outcome::committed);
  EXPECT_EQ(channel_.sent.size(), 1U);
}

TEST_F(CommitTest, a_refusal_has_its_tag_and_the_words_of_the_kernel) {
  channel_.answer({ack(3, EINVAL, "Attribute failed policy validation"), ack(4)});
  auto commit = transaction_.commit(channel_);
  ASSERT_TRUE(commit);
  ASSERT_EQ(commit->outcome, Outcome::refused);
  ASSERT_EQ(commit->refusals.size(), 1U);
  EXPECT_EQ(commit->refusals[0].tag, 30U);
  EXPECT_EQ(commit->refusals[0].code, EINVAL);
  EXPECT_EQ(commit->refusals[0].message, "Invalid argument (Attribute failed policy validation)");
}

TEST_F(CommitTest, an_accepted_last_operation_is_no_commit_when_another_one_was_refused) {
  channel_.answer({ack(2, EEXIST), ack(3)});
  EXPECT_EQ(transaction_.commit(channel_)->outcome, Outcome::refused);
}

TEST_F(CommitTest, an_accepted_last_operation_is_no_commit_when_the_batch_failed) {
  channel_.answer({ack(1, ENOMEM), ack(3)});
  auto commit = transaction_.commit(channel_);
  ASSERT_FALSE(commit);
  EXPECT_EQ(commit.error().code(), ENOMEM);
  EXPECT_EQ(commit.error().message(), "cannot commit to nf_tables: Cannot allocate memory");
}

TEST_F(CommitTest, another_generation_is_a_conflict) {
  transaction_ = two_operations(7);
  channel_.answer({ack(1, ERESTART)});
  auto commit = transaction_.commit(channel_);
  ASSERT_TRUE(commit);
  EXPECT_EQ(commit->outcome, Outcome::conflict);
}

TEST_F(CommitTest, without_the_privilege) {
  channel_.answer({ack(1, EPERM)});
  auto commit = transaction_.commit(channel_);
  ASSERT_FALSE(commit);
  EXPECT_EQ(commit.error().message(), "cannot commit to nf_tables: needs CAP_NET_ADMIN: Operation not permitted");
}

TEST_F(CommitTest, answers_to_older_requests_are_ignored) {
  channel_.waiting({ack(3, ENOENT)});
  channel_.answer({ack(77, EINVAL), ack(0, EINVAL), ack(5, EINVAL), ack(3), ack(4)});
  EXPECT_EQ(transaction_.commit(channel_)->outcome, Outcome::committed);
}

TEST_F(CommitTest, what_cannot_be_sent_has_changed_nothing_and_can_be_sent_again) {
  channel_.send_codes = {ENOBUFS};
  auto commit = transaction_.commit(channel_);
  ASSERT_FALSE(commit);
  EXPECT_EQ(commit.error().code(), ENOBUFS);
  channel_.answer({ack(3), ack(4)});
  EXPECT_EQ(transaction_.commit(channel_)->outcome, Outcome::committed);
}

TEST_F(CommitTest, lost_answers_after_a_refusal_are_a_refusal) {
  channel_.answer({failing(ENOBUFS), ack(2, ENOENT)});
  auto commit = transaction_.commit(channel_);
  ASSERT_TRUE(commit);
  EXPECT_EQ(commit->outcome, Outcome::refused);
  EXPECT_EQ(channel_.receive_buffers, 1);
}

TEST_F(CommitTest, lost_answers_are_no_matter_when_the_end_was_answered) {
  channel_.answer({failing(ENOBUFS), ack(4)});
  EXPECT_EQ(transaction_.commit(channel_)->outcome, Outcome::committed);
}

TEST_F(CommitTest, an_accepted_last_operation_is_not_enough_when_answers_were_lost) {
  channel_.answer({failing(ENOBUFS), ack(3)});
  EXPECT_EQ(transaction_.commit(channel_)->outcome, Outcome::unclear);
}

TEST_F(CommitTest, no_answer_and_no_generation_to_compare_is_unclear) {
  channel_.answer({});
  EXPECT_EQ(transaction_.commit(channel_)->outcome, Outcome::unclear);
}

TEST_F(CommitTest, no_answer_and_the_same_generation_is_an_error) {
  transaction_ = two_operations(7);
  channel_.answer({failing(ENOBUFS)});
  channel_.generation = 7;
  auto commit = transaction_.commit(channel_);
  ASSERT_FALSE(commit);
  EXPECT_EQ(commit.error().code(), ENOBUFS);
}

TEST_F(CommitTest, no_answer_and_another_generation_is_unclear) {
  transaction_ = two_operations(7);
  channel_.answer({failing(ENOBUFS)});
  channel_.generation = 8;
  EXPECT_EQ(transaction_.commit(channel_)->outcome, Outcome::unclear);
}

TEST_F(CommitTest, an_answer_that_cannot_be_read_is_unclear) {
  transaction_ = two_operations(7);
  channel_.answer({failing(EIO)});
  EXPECT_EQ(transaction_.commit(channel_)->outcome, Outcome::unclear);
}

TEST_F(CommitTest, an_empty_transaction_is_not_sent) {
  EXPECT_EQ(Transaction(7).commit(channel_)->outcome, Outcome::committed);
  EXPECT_TRUE(channel_.sent.empty());
}

TEST_F(CommitTest, operations_can_be_added_after_a_commit) {
  channel_.answer({ack(2, EBUSY)});
  ASSERT_EQ(transaction_.commit(channel_)->outcome, Outcome::refused);
  transaction_.delete_chain({Family::ip, "filter", "d"}, 40);
  channel_.answer({ack(4, ENOENT)});
  auto commit = transaction_.commit(channel_);
  ASSERT_TRUE(commit);
  EXPECT_EQ(commit->messages, 5U);
  EXPECT_EQ(messages_in(channel_.sent.at(1)).size(), 5U);
  ASSERT_EQ(commit->refusals.size(), 1U);
  EXPECT_EQ(commit->refusals[0].tag, 40U);
}

} // namespace
} // namespace nwgate::netlink::testing
