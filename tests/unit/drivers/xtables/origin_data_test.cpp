// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/origin_data.h"

#include "tests/support/documents.h"

#include <gtest/gtest.h>

namespace nwgate::xtables {
namespace {

constexpr std::size_t kernel_limit = 256; // NFT_USERDATA_MAXLEN

OriginText round_trip(const OriginText &origin) {
  const auto data = rule_mark(origin);
  EXPECT_LE(data.size(), kernel_limit);
  return read_rule_mark(data).value();
}

TEST(OriginData, SaysWhereARuleCameFrom) {
  ProgramRule rule;
  Origin inner{{test::source("", "/etc/nwgate/filters/inner.xml"), 12, 3}, "inner", {}};
  inner.path.push_back({{test::source("", "top.xml"), 2, 3}, "top"});
  inner.path.push_back({{test::source("", "middle.xml"), 4, 5}, "middle"});
  rule.origin = std::make_shared<const Origin>(std::move(inner));
  rule.values = {{"IP", "192.0.2.1"}, {"PORT[@1]", "80"}};
  const auto origin = origin_text(rule);
  EXPECT_EQ(origin.place, "inner.xml:12:3");
  EXPECT_EQ(origin.included_from, (std::vector<std::string>{"middle.xml:4:5", "top.xml:2:3"})) << "the nearest first";
  EXPECT_EQ(origin.values, (std::vector<std::string>{"IP=192.0.2.1", "PORT[@1]=80"}));
  EXPECT_EQ(round_trip(origin), origin);
}

TEST(OriginData, AJumpHasNoPlaceAndIsOursAllTheSame) {
  EXPECT_EQ(round_trip(origin_text(ProgramRule{})), OriginText{});
}

TEST(OriginData, FillsTheLimitExactly) {
  // Head and place take 2 + 10 bytes, the record that says "cut" 2: a value may have 240 with its own head.
  const OriginText fits{"f.xml:1:11", {}, {std::string(240, 'v')}, false};
  EXPECT_EQ(round_trip(fits), fits);
  const auto over = round_trip({"f.xml:1:11", {}, {std::string(241, 'v')}, false});
  EXPECT_EQ(over.place, "f.xml:1:11");
  EXPECT_TRUE(over.values.empty());
  EXPECT_TRUE(over.cut);
}

TEST(OriginData, CutsIncludesBeforeValues) {
  OriginText origin{"f.xml:1:1", {}, {"IP=192.0.2.1"}, false};
  for (int i = 0; i < 40; ++i)
    origin.included_from.push_back("filter-" + std::to_string(i) + ".xml:2:3");
  const auto read = round_trip(origin);
  EXPECT_EQ(read.place, origin.place);
  EXPECT_EQ(read.values, origin.values);
  EXPECT_TRUE(read.cut);
  EXPECT_GT(read.included_from.size(), 8U);
  EXPECT_EQ(read.included_from.front(), "filter-0.xml:2:3");
}

TEST(OriginData, KeepsTheEndOfALongPlace) {
  const auto read = round_trip({std::string(300, 'f') + ".xml:123:45", {}, {}, false});
  EXPECT_TRUE(read.place.ends_with("f.xml:123:45"));
  EXPECT_EQ(read.place.size(), kernel_limit - 4);
  EXPECT_TRUE(read.cut);
}

TEST(OriginData, EveryLengthFits) {
  for (std::size_t length = 0; length < 600; ++length) {
    const auto read = round_trip(
        {std::string(length / 2, 'p'), {std::string(length / 3, 'i')}, {std::string(length, 'v'), "w"}, false});
    EXPECT_EQ(read.cut, read.place.size() < length / 2 || read.values.size() < 2 || read.included_from.empty())
        << length;
  }
}

TEST(OriginData, ForeignUserDataIsNotOurs) {
  for (const std::vector<std::uint8_t> &data : {std::vector<std::uint8_t>{},
                                                {0},
                                                {0, 1, 'x'},
                                                {0xa1},
                                                {0xa1, 9, 'x'},
                                                {1, 4, 0, 0, 0, 0},
                                                {0xff, 0xff, 0xff}}) {
    EXPECT_EQ(read_rule_mark(data), std::nullopt);
    EXPECT_EQ(read_owner_mark(data), std::nullopt);
  }
}

TEST(OriginData, OwnersReadBack) {
  EXPECT_EQ(read_owner_mark(owner_mark("vnet0")), "vnet0");
  EXPECT_EQ(read_owner_mark(owner_mark("")), "") << "of what ports share";
  EXPECT_EQ(read_rule_mark(owner_mark("vnet0")), std::nullopt) << "a link is no rule of a document";
}

} // namespace
} // namespace nwgate::xtables
