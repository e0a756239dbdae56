// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/unit/drivers/netlink/fake_channel.h"

#include <cerrno>
#include <gtest/gtest.h>

namespace nwgate::netlink::testing {
namespace {

const Datagram hundred(100);

TEST(Channel, an_interrupted_send_is_repeated) {
  FakeChannel channel;
  channel.send_codes = {EINTR, EINTR, EINTR};
  ASSERT_TRUE(channel.send(hundred));
  EXPECT_EQ(channel.sent.size(), 1U);
}

TEST(Channel, a_datagram_larger_than_the_send_buffer_makes_it_grow) {
  FakeChannel channel;
  channel.send_codes = {EMSGSIZE};
  ASSERT_TRUE(channel.send(hundred));
  EXPECT_EQ(channel.send_buffers, std::vector<std::size_t>{100});
}

TEST(Channel, a_send_buffer_that_cannot_grow_is_an_error) {
  FakeChannel channel;
  channel.send_codes = {EMSGSIZE, EMSGSIZE};
  auto sent = channel.send(hundred);
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code(), EMSGSIZE);
  EXPECT_EQ(sent.error().message(), "cannot send 100 bytes to nf_tables: the send buffer cannot grow enough "
                                    "(net.core.wmem_max is the limit "
                                    "in a user namespace): Message too long");
}

TEST(Channel, a_short_send_is_an_error) {
  FakeChannel channel;
  channel.short_send = 60;
  ASSERT_FALSE(channel.send(hundred));
}

TEST(Channel, an_interrupted_receive_is_repeated) {
  FakeChannel channel;
  channel.waiting({failing(EINTR), failing(EINTR), Event{hundred}});
  Datagram buffer(200);
  EXPECT_EQ(channel.receive(buffer)->size, 100U);
  EXPECT_EQ(channel.receive(buffer)->size, 0U);
}

TEST(Channel, an_overrun_makes_the_receive_buffer_grow_and_is_told) {
  FakeChannel channel;
  channel.waiting({failing(ENOBUFS), Event{hundred}});
  Datagram buffer(200);
  auto first = channel.receive(buffer);
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->lost);
  EXPECT_EQ(channel.receive_buffers, 1);
  EXPECT_EQ(channel.receive(buffer)->size, 100U);
}

TEST(Channel, a_cut_datagram_is_an_error) {
  FakeChannel channel;
  channel.waiting({Event{hundred}});
  Datagram buffer(60);
  auto received = channel.receive(buffer);
  ASSERT_FALSE(received);
  EXPECT_EQ(received.error().code(), EMSGSIZE);
}

TEST(Channel, draining_goes_on_after_an_overrun) {
  FakeChannel channel;
  channel.waiting({Event{hundred}, failing(ENOBUFS), Event{hundred}});
  ASSERT_TRUE(channel.drain());
  Datagram buffer(200);
  EXPECT_EQ(channel.receive(buffer)->size, 0U);
}

TEST(Channel, sequence_numbers_do_not_overlap) {
  FakeChannel channel;
  const std::uint32_t first = channel.reserve_sequence(10);
  EXPECT_EQ(channel.reserve_sequence(1), first + 10);
}

} // namespace
} // namespace nwgate::netlink::testing
