// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/netlink/plain_intervals.h"

#include <gtest/gtest.h>

namespace nwgate::netlink {
namespace {

using Key = std::vector<std::uint8_t>;

TEST(PlainIntervals, are_put_together_in_any_order) {
  PlainIntervals intervals(2);
  intervals.add(Key{1, 0}, true);
  intervals.add(Key{2, 5}, true);
  intervals.add(Key{2, 4}, false);
  intervals.add(Key{0, 9}, false);
  std::size_t strange = 0;
  EXPECT_EQ(intervals.intervals(strange), (Elements{0, 9, 0, 255, 2, 4, 2, 4}));
  EXPECT_EQ(strange, 0U);
}

TEST(PlainIntervals, end_where_the_next_one_begins) {
  PlainIntervals intervals(1);
  for (const auto &first : {Key{10}, Key{20}, Key{30}})
    intervals.add(first, false);
  intervals.add(Key{20}, true);
  std::size_t strange = 0;
  EXPECT_EQ(intervals.intervals(strange), (Elements{10, 19, 20, 29, 30, 255})) << "one end is left out";
  EXPECT_EQ(strange, 0U);
}

TEST(PlainIntervals, listed_twice_are_one) {
  PlainIntervals intervals(1);
  for (int i = 0; i < 2; ++i) {
    intervals.add(Key{10}, false);
    intervals.add(Key{12}, true);
  }
  std::size_t strange = 0;
  EXPECT_EQ(intervals.intervals(strange), (Elements{10, 11}));
  EXPECT_EQ(strange, 0U);
}

// nft(8) writes such a one in front of the first interval.
TEST(PlainIntervals, an_end_without_a_beginning_is_strange) {
  PlainIntervals intervals(1);
  intervals.add(Key{0}, true);
  intervals.add(Key{10}, false);
  intervals.add(Key{12}, true);
  std::size_t strange = 0;
  EXPECT_EQ(intervals.intervals(strange), (Elements{10, 11}));
  EXPECT_EQ(strange, 1U);
}

TEST(PlainIntervals, a_key_is_a_number_with_its_highest_byte_first) {
  Key key{0, 255};
  EXPECT_TRUE(increment(key));
  EXPECT_EQ(key, (Key{1, 0}));
  key = {255, 255};
  EXPECT_FALSE(increment(key));
  EXPECT_EQ(key, (Key{0, 0}));
}

} // namespace
} // namespace nwgate::netlink
