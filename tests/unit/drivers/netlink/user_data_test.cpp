// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/netlink/user_data.h"

#include "drivers/netlink/counters.h"
#include "drivers/netlink/handles.h"

#include <gtest/gtest.h>
#include <random>
#include <string>

namespace nwgate::netlink {
namespace {

using Data = std::vector<std::uint8_t>;

Data copy(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

TEST(UserData, records_come_back_in_order) {
  UserData data;
  EXPECT_TRUE(data.add(1, "ab"));
  EXPECT_TRUE(data.add(9, std::string_view()));
  EXPECT_EQ(copy(data.bytes()), (Data{1, 2, 'a', 'b', 9, 0}));
  const auto records = user_data_records(data.bytes());
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].type, 1);
  EXPECT_EQ(copy(records[0].value), (Data{'a', 'b'}));
  EXPECT_EQ(records[1].type, 9);
  EXPECT_TRUE(records[1].value.empty());
}

TEST(UserData, refuses_what_does_not_fit_and_stays_as_it_was) {
  UserData data;
  EXPECT_FALSE(data.add(1, std::string(256, 'x')));
  EXPECT_FALSE(data.add(1, std::string(255, 'x'))); // 257 bytes with its head
  EXPECT_TRUE(data.add(1, std::string(250, 'x')));
  EXPECT_FALSE(data.add(2, std::string(3, 'x')));
  EXPECT_EQ(data.bytes().size(), 252U);
  EXPECT_TRUE(data.add(2, std::string(2, 'x')));
  EXPECT_EQ(data.bytes().size(), user_data_limit);
  EXPECT_FALSE(data.add(3, std::string_view()));
}

TEST(UserData, finds_the_first_of_a_type) {
  UserData data;
  EXPECT_TRUE(data.add(1, "a") && data.add(2, "b") && data.add(2, "c"));
  EXPECT_EQ(copy(*find_user_data(data.bytes(), 2)), Data{'b'});
  EXPECT_FALSE(find_user_data(data.bytes(), 3));
  EXPECT_FALSE(find_user_data({}, 1));
}

TEST(UserData, reads_up_to_what_does_not_fit) {
  EXPECT_EQ(user_data_records(Data{1, 1, 'a', 2}).size(), 1U);
  EXPECT_EQ(user_data_records(Data{1, 1, 'a', 2, 5, 'b'}).size(), 1U);
  EXPECT_TRUE(user_data_records(Data{1}).empty());
  // The policy rule of ebtables.
  const auto records = user_data_records(Data{1, 4, 1, 0, 0, 0});
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].value.size(), 4U);
}

TEST(UserData, any_bytes_can_be_read) {
  std::mt19937 random(1);
  for (int round = 0; round < 10000; ++round) {
    Data bytes(random() % 300);
    for (auto &byte : bytes)
      byte = static_cast<std::uint8_t>(random() % (round % 2 == 0 ? 256 : 8));
    std::size_t size = 0;
    for (const auto &record : user_data_records(bytes))
      size += 2 + record.value.size();
    EXPECT_LE(size, bytes.size());
  }
}

TEST(UserData, on_a_rule) {
  NftRule rule(nftnl_rule_alloc());
  EXPECT_TRUE(user_data_of(*rule).empty());
  set_user_data(*rule, Data{1, 0});
  EXPECT_EQ(copy(user_data_of(*rule)), (Data{1, 0}));
  set_user_data(*rule, {});
  EXPECT_TRUE(user_data_of(*rule).empty());
}

TEST(Counters, first_counter_of_a_rule) {
  NftRule rule(nftnl_rule_alloc());
  nftnl_rule_add_expr(rule.get(), nftnl_expr_alloc("meta"));
  EXPECT_FALSE(counts(*rule));
  nftnl_rule_add_expr(rule.get(), nftnl_expr_alloc("counter"));
  nftnl_rule_add_expr(rule.get(), nftnl_expr_alloc("counter"));
  EXPECT_EQ(counts(*rule), Counts{});
  EXPECT_TRUE(set_counts(*rule, {3, 0xffffffffffffffff}));
  EXPECT_EQ(counts(*rule), (Counts{3, 0xffffffffffffffff}));
}

} // namespace
} // namespace nwgate::netlink
