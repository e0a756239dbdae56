// SPDX-License-Identifier: LGPL-2.1-or-later
/// A question for the generation has message 1; an empty batch has the messages 1 and 2.
#include "drivers/netlink/generation.h"

#include "tests/unit/drivers/netlink/fake_channel.h"

#include <cerrno>
#include <gtest/gtest.h>

namespace nwgate::netlink::testing {
namespace {

class GenerationTest : public ::testing::Test {
protected:
  GenerationTest() { channel_.generation.reset(); }
  FakeChannel channel_;
};

TEST_F(GenerationTest, is_confirmed_by_an_empty_batch) {
  channel_.answer({generation_is(1, 0xfffffffe)});
  channel_.answer({ack(2)});
  EXPECT_EQ(generation(channel_).value(), 0xfffffffe);
  EXPECT_EQ(channel_.sent.size(), 2U);
}

TEST_F(GenerationTest, the_last_one_needs_only_the_batch) {
  channel_.remember_generation(5);
  channel_.answer({ack(2)});
  EXPECT_EQ(generation(channel_).value(), 5U);
  EXPECT_EQ(channel_.sent.size(), 1U);
}

TEST_F(GenerationTest, silence_confirms_too) {
  channel_.answer({generation_is(1, 5)});
  EXPECT_EQ(generation(channel_).value(), 5U);
}

TEST_F(GenerationTest, is_asked_again_when_a_commit_came_in_between) {
  channel_.answer({generation_is(1, 5)});
  channel_.answer({ack(1, ERESTART)});
  channel_.answer({generation_is(1, 6)});
  channel_.answer({ack(2)});
  EXPECT_EQ(generation(channel_).value(), 6U);
  EXPECT_EQ(channel_.last_generation(), 6U);
}

TEST_F(GenerationTest, lost_answers_confirm_nothing) {
  channel_.answer({failing(ENOBUFS)});
  channel_.answer({});
  channel_.answer({generation_is(1, 5)});
  channel_.answer({failing(ENOBUFS)});
  channel_.answer({generation_is(1, 6)});
  channel_.answer({failing(EINTR), ack(2)});
  EXPECT_EQ(generation(channel_).value(), 6U);
}

TEST_F(GenerationTest, errors) {
  channel_.answer({ack(1, EPERM)});
  auto found = generation(channel_);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().message(),
            "cannot read the generation of nf_tables: needs CAP_NET_ADMIN: Operation not permitted");
  channel_.answer({generation_is(1, 5)});
  channel_.answer({ack(1, ENOMEM)});
  found = generation(channel_);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().message(), "cannot read the generation of nf_tables: Cannot allocate memory");
}

TEST_F(GenerationTest, a_kernel_that_never_answers_is_an_error) {
  auto found = generation(channel_);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code(), ENOBUFS);
}

TEST_F(GenerationTest, consistent_read_repeats_until_nothing_came_in_between) {
  channel_.generation = 3;
  int calls = 0;
  auto found = consistent_read(channel_, [&](GenerationId id) -> Result<GenerationId> {
    if (++calls < 3)
      ++*channel_.generation;
    return id;
  });
  EXPECT_EQ(found.value(), 5U);
  EXPECT_EQ(calls, 3);
}

} // namespace
} // namespace nwgate::netlink::testing
