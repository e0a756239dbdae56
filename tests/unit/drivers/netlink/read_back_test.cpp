// SPDX-License-Identifier: LGPL-2.1-or-later
/// Dumps that are interrupted, lost or cut. The first question has sequence number 1, each further one the
/// next.
#include "drivers/netlink/read_back.h"
#include "tests/unit/drivers/netlink/fake_channel.h"

#include <cerrno>
#include <gtest/gtest.h>
#include <linux/netlink.h>

namespace nwgate::netlink::testing {
namespace {

class ReadBackTest : public ::testing::Test {
protected:
  const ChainName chain_{Family::ip, "filter", "c"};
  FakeChannel channel_;

  std::vector<std::uint64_t> handles() {
    auto found = rules(channel_, chain_);
    EXPECT_TRUE(found) << found.error().message();
    std::vector<std::uint64_t> numbers;
    if (!found)
      return numbers;
    for (const NftRule &one : *found)
      numbers.push_back(nftnl_rule_get_u64(one.get(), NFTNL_RULE_HANDLE));
    return numbers;
  }
};

using Handles = std::vector<std::uint64_t>;

TEST_F(ReadBackTest, one_part_is_asked_once) {
  channel_.answer({together({rule(1, 5), rule(1, 6)}), done(1)});
  EXPECT_EQ(handles(), (Handles{5, 6}));
  EXPECT_EQ(channel_.sent.size(), 1U);
}

TEST_F(ReadBackTest, several_parts_are_asked_until_two_answers_are_equal) {
  channel_.answer({rule(1, 5), rule(1, 6), done(1)});
  channel_.answer({rule(1, 5), rule(1, 6), rule(1, 7), done(1)});
  channel_.answer({rule(1, 5), rule(1, 6), rule(1, 7), done(1)});
  EXPECT_EQ(handles(), (Handles{5, 6, 7}));
  EXPECT_EQ(channel_.sent.size(), 3U);
}

// While a transaction puts rules before those that the first part listed, the second one begins with them again.
TEST_F(ReadBackTest, answers_that_list_something_twice_are_not_believed_however_equal) {
  for (int round = 0; round < 3; ++round)
    channel_.answer({together({rule(1, 5), rule(1, 6)}), rule(1, 5), rule(1, 6), rule(1, 7), done(1)});
  for (int round = 0; round < 2; ++round)
    channel_.answer({together({rule(1, 5), rule(1, 6)}), rule(1, 7), done(1)});
  EXPECT_EQ(handles(), (Handles{5, 6, 7}));
}

TEST_F(ReadBackTest, equal_answers_of_different_generations_are_not_equal) {
  channel_.answer_and_move({rule(1, 5, 1), rule(1, 6, 1), done(1)}, 2);
  channel_.answer({rule(1, 5, 2), rule(1, 6, 2), done(1)});
  channel_.answer({rule(1, 5, 2), rule(1, 6, 2), done(1)});
  EXPECT_EQ(handles(), (Handles{5, 6}));
  EXPECT_EQ(channel_.sent.size(), 3U);
}

TEST_F(ReadBackTest, an_answer_of_another_generation_than_the_one_it_began_in_is_asked_again) {
  channel_.answer_and_move({rule(1, 5, 2), done(1)}, 2);
  channel_.answer({rule(1, 6, 2), done(1)});
  EXPECT_EQ(handles(), Handles{6});
}

TEST_F(ReadBackTest, generations_are_compared_by_their_low_16_bits) {
  channel_.generation = 0x1fffe;
  channel_.answer({rule(1, 5, 0xfffe), done(1)});
  EXPECT_EQ(handles(), Handles{5});
}

TEST_F(ReadBackTest, a_full_part_counts_as_one_of_several) {
  std::vector<Event> parts;
  for (std::uint32_t question = 1; question <= 3; ++question) {
    Event part;
    for (std::uint64_t handle = 0; handle < (question == 1 ? 400U : 401U); ++handle)
      part = together({part, rule(1, handle)});
    ASSERT_GT(part.data.size(), 16384U);
    channel_.answer({part, done(1)});
  }
  EXPECT_EQ(handles().size(), 401U);
}

TEST_F(ReadBackTest, an_interrupted_dump_is_read_to_its_end_and_asked_again) {
  channel_.answer({rule(1, 5, 1, NLM_F_DUMP_INTR), rule(1, 9), done(1)});
  channel_.answer({rule(1, 6), done(1)});
  EXPECT_EQ(handles(), Handles{6});
}

TEST_F(ReadBackTest, interruption_told_at_the_end) {
  channel_.answer({rule(1, 5), done(1, NLM_F_DUMP_INTR)});
  channel_.answer({rule(1, 5), done(1, 0, EINTR)});
  channel_.answer({together({rule(1, 6), done(1)})});
  EXPECT_EQ(handles(), Handles{6});
}

TEST_F(ReadBackTest, messages_of_two_generations_are_an_interruption) {
  channel_.answer_and_move({together({rule(1, 5, 2), rule(1, 6, 1)}), done(1)}, 2);
  channel_.answer({rule(1, 6, 2), done(1)});
  EXPECT_EQ(handles(), Handles{6});
}

TEST_F(ReadBackTest, a_lost_part_is_asked_again) {
  channel_.answer({rule(1, 5), failing(ENOBUFS), done(1)});
  channel_.answer({rule(1, 5), failing(ENOBUFS)});
  channel_.answer({rule(1, 5)});
  channel_.answer({together({rule(1, 5), rule(1, 6)}), done(1)});
  EXPECT_EQ(handles(), (Handles{5, 6}));
}

TEST_F(ReadBackTest, answers_to_other_questions_are_ignored) {
  channel_.answer({rule(99, 4), done(99), rule(1, 5), done(1)});
  EXPECT_EQ(handles(), Handles{5});
}

TEST_F(ReadBackTest, a_message_that_is_not_whole_is_asked_again) {
  Event cut = rule(1, 5);
  cut.data.resize(cut.data.size() - 4);
  channel_.answer({cut});
  channel_.answer({rule(1, 5), done(1)});
  EXPECT_EQ(handles(), Handles{5});
}

TEST_F(ReadBackTest, a_dump_that_is_always_interrupted_ends_with_an_error) {
  for (std::uint32_t question = 1; question <= 1000; ++question)
    channel_.answer({rule(1, 5, 1, NLM_F_DUMP_INTR), done(1)});
  auto found = rules(channel_, chain_);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code(), EAGAIN);
}

TEST_F(ReadBackTest, refusals) {
  channel_.answer({ack(1, EPERM)});
  auto found = rules(channel_, chain_);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().message(), "cannot read the rules of chain c: needs CAP_NET_ADMIN: Operation not permitted");
  channel_.answer({ack(1, ENOENT)});
  EXPECT_TRUE(handles().empty());
  channel_.answer({done(1, 0, EIO)});
  found = rules(channel_, chain_);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code(), EIO);
}

TEST_F(ReadBackTest, what_cannot_be_understood_is_an_error_and_the_next_question_works) {
  channel_.answer({rule_with_expression(1, "from-the-future"), done(1)});
  auto found = rules(channel_, chain_);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code(), EPROTO);
  channel_.answer({rule(1, 5), done(1)});
  EXPECT_EQ(handles(), Handles{5});
}

} // namespace
} // namespace nwgate::netlink::testing
