// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/netlink/message.h"

#include "tests/unit/drivers/netlink/fake_channel.h"

#include <cerrno>
#include <gtest/gtest.h>
#include <libmnl/libmnl.h>
#include <random>

namespace nwgate::netlink::testing {
namespace {

/// Everything that is done with a datagram from the kernel.
void read_all(const Datagram &datagram) {
  for (const nlmsghdr *message : messages_in(datagram)) {
    auto answer = acknowledgement_in(*message);
    EXPECT_FALSE(answer && answer->message().empty());
    for (std::uint32_t offset : {0U, 20U, 60U, 4000000000U})
      expression_at(*message, offset);
  }
}

TEST(Message, several_in_a_datagram_up_to_the_one_that_is_cut) {
  Event event = together({ack(1), ack(2), ack(3)});
  EXPECT_EQ(messages_in(event.data).size(), 3U);
  event.data.pop_back();
  EXPECT_EQ(messages_in(event.data).size(), 2U);
  EXPECT_TRUE(messages_in({}).empty());
}

TEST(Message, words_of_an_acknowledgement) {
  const Event event = together({ack(1, EBUSY), ack(2, EBUSY, "in use")});
  const auto messages = messages_in(event.data);
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(acknowledgement_in(*messages[0])->message(), "Device or resource busy");
  EXPECT_EQ(acknowledgement_in(*messages[1])->message(), "Device or resource busy (in use)");
}

TEST(Message, damaged_datagrams_are_read_without_harm) {
  std::mt19937 random(1);
  const Event whole = together({ack(1, EBUSY, "words"), rule(2, 3), done(2), generation_is(3, 4)});
  for (int round = 0; round < 20000; ++round) {
    Datagram damaged = whole.data;
    for (int count = 0; count < 4; ++count)
      damaged[random() % damaged.size()] = static_cast<std::byte>(random());
    damaged.resize(random() % (damaged.size() + 1));
    read_all(damaged);
  }
}

} // namespace
} // namespace nwgate::netlink::testing
