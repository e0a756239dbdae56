// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/nftables/element_diff.h"

#include <gtest/gtest.h>

namespace nwgate::nftables {
namespace {

using Bytes = std::vector<std::uint8_t>;

bool always(netlink::Bytes /*record*/) { return true; }

TEST(ElementDiff, WhatIsMissingAndWhatIsTooMuch) {
  const auto diff = diff_elements(2, Bytes{9, 9, 1, 1, 3, 3, 2, 2}, Bytes{1, 1, 2, 2, 4, 4, 5, 5}, always);
  EXPECT_EQ(diff.gone, (Bytes{3, 3, 9, 9}));
  EXPECT_EQ(diff.fresh, (Bytes{4, 4, 5, 5}));
}

TEST(ElementDiff, NothingOnOneSide) {
  EXPECT_EQ(diff_elements(2, Bytes{}, Bytes{1, 2}, always).fresh, (Bytes{1, 2}));
  EXPECT_EQ(diff_elements(2, Bytes{1, 2}, Bytes{}, always).gone, (Bytes{1, 2}));
  EXPECT_TRUE(diff_elements(0, Bytes{}, Bytes{}, always).gone.empty());
}

TEST(ElementDiff, WhatThePlanDoesNotDecideAboutStays) {
  const auto decides = [](netlink::Bytes record) { return record[0] != 7; };
  EXPECT_TRUE(diff_elements(2, Bytes{7, 0, 1, 1}, Bytes{1, 1}, decides).gone.empty());
}

TEST(ElementDiff, ManyRecordsOfOddSizes) {
  for (const std::size_t size : {1UL, 7UL, 8UL, 20UL, 33UL}) {
    const std::size_t count = size == 1 ? 100 : 1000;
    Bytes wanted;
    Bytes there;
    for (std::size_t i = 0; i < count; ++i) {
      Bytes record(size);
      record[0] = static_cast<std::uint8_t>(size == 1 ? i : i >> 8U);
      if (size > 1)
        record[1] = static_cast<std::uint8_t>(i);
      wanted.insert(wanted.end(), record.begin(), record.end());
      if (i != count / 2)
        there.insert(there.begin(), record.begin(), record.end());
    }
    const auto diff = diff_elements(size, there, wanted, always);
    EXPECT_TRUE(diff.gone.empty()) << size;
    EXPECT_EQ(diff.fresh.size(), size);
    EXPECT_EQ(diff.fresh.at(0), wanted.at(count / 2 * size));
  }
}

} // namespace
} // namespace nwgate::nftables
