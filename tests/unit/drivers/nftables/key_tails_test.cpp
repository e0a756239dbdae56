// SPDX-License-Identifier: LGPL-2.1-or-later
/// The values of a binding as elements.
#include "drivers/nftables/key_tails.h"

#include "tests/unit/drivers/nftables/support.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace nwgate::nftables {
namespace {

using testing::hex;
using testing::Parameters;
using testing::rule;
using testing::Sharing;
using Encoding = KeyPart::Encoding;

/// The elements of the only lookup of a rule. Where the binding has a program of its own, nothing.
std::string tails_of(const std::string &element, const Parameters &parameters, const std::string &direction = "out") {
  const auto bound = Sharing(rule(element, direction)).bind("v0", parameters);
  if (bound.program->name != "f")
    return "written out";
  EXPECT_EQ(bound.values.size(), 1U);
  std::string text;
  for (const auto &tail : bound.values.at(0))
    text += (text.empty() ? "" : " ") + hex(tail);
  return text;
}

TEST(Encoded, AsThePacketHasIt) {
  EXPECT_EQ(hex(encoded(*MacAddress::parse("52:54:00:12:34:56"), Encoding::mac)), "5254001234560000");
  EXPECT_EQ(hex(encoded(*Ipv4Address::parse("10.0.0.1"), Encoding::ipv4)), "0a000001");
  EXPECT_EQ(hex(encoded(*Ipv6Address::parse("fd00::1"), Encoding::ipv6)), "fd000000000000000000000000000001");
  EXPECT_EQ(hex(encoded(std::uint32_t{17}, Encoding::u8)), "11000000");
  EXPECT_EQ(hex(encoded(std::uint32_t{0x1234}, Encoding::u16)), "12340000");
  EXPECT_EQ(hex(encoded(std::uint32_t{0x2b}, Encoding::dscp)), "ac000000") << "the upper six bits of a byte";
  EXPECT_EQ(hex(encoded(std::uint32_t{0x2b}, Encoding::dscp6)), "0ac00000") << "across two bytes, behind the version";
}

TEST(KeyTails, SortedAndOnce) {
  EXPECT_EQ(tails_of("<udp srcipaddr='$A'/>", {{"A", "10.0.0.2"}, {"A", "10.0.0.1"}, {"A", "10.0.0.2"}}),
            "0a000001 0a000002");
}

TEST(KeyTails, NoneOfAnEmptyList) {
  const std::vector<Tuple> none;
  EXPECT_EQ(std::get<KeyTails>(key_tails(Lookup(), {&none})), KeyTails());
}

TEST(KeyTails, OneIteratorGivesTuples) {
  EXPECT_EQ(tails_of("<udp srcipaddr='$A' dstportstart='$B'/>",
                     {{"A", "10.0.0.1"}, {"A", "10.0.0.2"}, {"B", "80"}, {"B", "90"}}),
            "0a00000100500000 0a000002005a0000");
}

TEST(KeyTails, SlotsThatAMatchTiesGiveTheProduct) {
  EXPECT_EQ(tails_of("<udp srcipaddr='$A[@1]' srcipmask='$M[@2]'/>",
                     {{"A", "10.0.0.0"}, {"A", "11.0.0.0"}, {"M", "32"}, {"M", "31"}}),
            "0a0000000a000001 0b0000000b000001")
      << "the narrower ones are in the wider ones";
}

TEST(KeyTails, ALiteralMaskIsTakenOff) {
  EXPECT_EQ(tails_of("<udp srcipaddr='$A' srcipmask='24'/>", {{"A", "10.0.0.7"}, {"A", "10.0.0.9"}, {"A", "10.0.1.9"}}),
            "0a000000 0a000100");
  EXPECT_EQ(tails_of("<udp-ipv6 srcipaddr='$A' srcipmask='64'/>", {{"A", "fd00::1:2:3:4"}}),
            "fd000000000000000000000000000000");
  EXPECT_EQ(tails_of("<mac srcmacaddr='$A' srcmacmask='ff:ff:ff:00:00:00'/>", {{"A", "52:54:00:12:34:56"}}),
            "5254000000000000");
}

TEST(KeyTails, AMaskOfAVariableIsAnInterval) {
  EXPECT_EQ(tails_of("<udp srcipaddr='$A' srcipmask='$M'/>", {{"A", "10.0.0.7"}, {"M", "255.255.255.0"}}),
            "0a0000000a0000ff");
  EXPECT_EQ(tails_of("<udp srcipaddr='10.1.2.3' srcipmask='$M'/>", {{"M", "16"}}), "0a0100000a01ffff");
  EXPECT_EQ(tails_of("<udp-ipv6 srcipaddr='$A' srcipmask='$M'/>", {{"A", "fd00::5"}, {"M", "126"}}),
            "fd000000000000000000000000000004fd000000000000000000000000000007");
}

TEST(KeyTails, Ranges) {
  EXPECT_EQ(tails_of("<udp srcipfrom='$A' srcipto='$B'/>", {{"A", "10.0.0.1"}, {"B", "10.0.0.9"}}), "0a0000010a000009");
  EXPECT_EQ(tails_of("<udp dstportstart='$A' dstportend='99'/>", {{"A", "80"}}), "0050000000630000");
  EXPECT_EQ(tails_of("<udp dstportstart='$A' dstportend='$A'/>", {{"A", "80"}}), "0050000000500000");
}

TEST(KeyTails, IntervalsThatOverlapAreOne) {
  EXPECT_EQ(
      tails_of(
          "<udp dstportstart='$A' dstportend='$B'/>",
          {{"A", "10"}, {"B", "20"}, {"A", "15"}, {"B", "30"}, {"A", "12"}, {"B", "13"}, {"A", "40"}, {"B", "50"}}),
      "000a0000001e0000 0028000000320000");
  EXPECT_EQ(tails_of("<udp dstportstart='$A' dstportend='$B'/>", {{"A", "10"}, {"B", "20"}, {"A", "21"}, {"B", "30"}}),
            "000a0000001e0000")
      << "neighbours";
  EXPECT_EQ(tails_of("<udp dstportstart='$A' dstportend='$B'/>", {{"A", "10"}, {"B", "65535"}, {"A", "0"}, {"B", "8"}}),
            "0000000000080000 000a0000ffff0000")
      << "the last value has no neighbour behind it";
}

TEST(KeyTails, IntervalsOfDifferentTuplesStay) {
  EXPECT_EQ(tails_of("<udp srcipaddr='$A' dstportstart='$B' dstportend='$C'/>", {{"A", "10.0.0.1"},
                                                                                 {"B", "10"},
                                                                                 {"C", "20"},
                                                                                 {"A", "10.0.0.2"},
                                                                                 {"B", "15"},
                                                                                 {"C", "30"},
                                                                                 {"A", "10.0.0.1"},
                                                                                 {"B", "18"},
                                                                                 {"C", "25"}}),
            "0a000001000a00000a00000100190000 0a000002000f00000a000002001e0000");
}

TEST(KeyTails, TwoIntervalsThatOverlapAreWrittenOut) {
  const std::string element = "<udp srcipaddr='$A' srcipmask='$M' dstportstart='$B' dstportend='$C'/>";
  const auto with = [](const std::string &other) {
    return Parameters{{"A", "10.0.0.0"}, {"M", "24"}, {"B", "10"}, {"C", "20"},
                      {"A", other},      {"M", "24"}, {"B", "15"}, {"C", "30"}};
  };
  EXPECT_EQ(tails_of(element, with("10.0.0.0")), "written out");
  EXPECT_EQ(tails_of(element, with("10.0.1.0")), "0a000000000a00000a0000ff00140000 0a000100000f00000a0001ff001e0000");
}

TEST(KeyTails, ARangeThatRunsBackwardsIsWrittenOut) {
  EXPECT_EQ(tails_of("<udp match='yes' dstportstart='$A' dstportend='$B'/>", {{"A", "1"}, {"B", "2"}}),
            "0001000000020000");
  Diagnostics diagnostics;
  const auto bound =
      Sharing(rule("<udp dstportstart='$A' dstportend='$B'/>")).bind("v0", {{"A", "2"}, {"B", "1"}}, diagnostics);
  ASSERT_TRUE(bound);
  EXPECT_NE(bound->program->name, "f") << "lower() refuses it";
}

TEST(KeyTails, AValueOfAnotherType) {
  const Lookup lookup{{Slot{{SlotVariable{{"A", 0, {}}, {}}}}},
                      {KeyPart{Encoding::ipv4, SlotRef{0, 0, ValueType::ipv4, {}}, {}, {}}},
                      0,
                      {}};
  const std::vector<Tuple> wrong{{SlotValue{"fd00::1", nullptr}}};
  const auto tails = key_tails(lookup, {&wrong});
  ASSERT_TRUE(std::holds_alternative<NoTails>(tails));
  EXPECT_EQ(std::get<NoTails>(tails), NoTails::wrong_value);
}

TEST(KeyTails, AnEmptyListMakesNone) {
  const auto program = testing::program_of(rule("<udp srcipaddr='$A' dstportstart='$B[@1]'/>"));
  const auto lookups = find_lookups(program).lookups;
  ASSERT_FALSE(lookups.empty());
  const std::vector<Tuple> empty;
  const std::string_view port = "80";
  const std::vector<Tuple> one = {{{port, nullptr}}};
  for (const auto &lookup : lookups) {
    std::vector<const std::vector<Tuple> *> tuples(lookup.slots.size(), &one);
    tuples.front() = &empty;
    const auto tails = key_tails(lookup, tuples);
    ASSERT_TRUE(std::holds_alternative<KeyTails>(tails));
    EXPECT_TRUE(std::get<KeyTails>(tails).empty());
  }
}

} // namespace
} // namespace nwgate::nftables
