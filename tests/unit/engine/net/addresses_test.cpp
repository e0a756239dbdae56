// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/net/ip_address.h"
#include "engine/net/mac_address.h"

#include <gtest/gtest.h>

namespace nwgate {
namespace {

template <typename Address> std::string canonical(std::string_view text) {
  const auto address = Address::parse(text);
  return address ? address->to_string() : "refused";
}

TEST(Ipv4Address, ReadsDottedNumbersAndShortForms) {
  EXPECT_EQ(canonical<Ipv4Address>("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(canonical<Ipv4Address>("10.1"), "10.0.0.1");
  EXPECT_EQ(canonical<Ipv4Address>("10.1.2"), "10.1.0.2");
  EXPECT_EQ(canonical<Ipv4Address>("16909060"), "1.2.3.4");
  EXPECT_EQ(canonical<Ipv4Address>("255.255.255.255"), "255.255.255.255");
}

TEST(Ipv4Address, RefusesEverythingElse) {
  for (const std::string_view text :
       {"", " ", ".", "192.0.2.256", "192.0.2.1.1", "192.0.2.1 ", " 192.0.2.1", "192.0.2.1/24", "a", "0x0a000001",
        "0xa.1", "192.0.2.-1", "::1", "192..2.1", "4294967296"})
    EXPECT_EQ(canonical<Ipv4Address>(text), "refused") << text;
  EXPECT_EQ(canonical<Ipv4Address>(std::string_view("10.0.0.1\0", 9)), "refused") << "a NUL";
}

TEST(Ipv4Address, MasksAreRunsOfOnes) {
  for (unsigned length = 0; length <= 32; ++length)
    EXPECT_EQ(Ipv4Address::mask(length).prefix_length(), length);
  EXPECT_EQ(Ipv4Address::mask(20).to_string(), "255.255.240.0");
  for (const auto *text : {"255.0.255.0", "0.0.0.1", "255.255.255.253", "127.0.0.0"})
    EXPECT_EQ(Ipv4Address::parse(text)->prefix_length(), std::nullopt) << text;
  EXPECT_EQ((*Ipv4Address::parse("192.0.2.77") & Ipv4Address::mask(26)).to_string(), "192.0.2.64");
}

TEST(Ipv6Address, ReadsAllFormsAndWritesTheShortest) {
  EXPECT_EQ(canonical<Ipv6Address>("2001:0DB8:0:0:0:0:0:1"), "2001:db8::1");
  EXPECT_EQ(canonical<Ipv6Address>("::"), "::");
  EXPECT_EQ(canonical<Ipv6Address>("1:2:3:4:5:6:7:8"), "1:2:3:4:5:6:7:8");
  EXPECT_EQ(canonical<Ipv6Address>("::ffff:192.0.2.1"), "::ffff:192.0.2.1");
}

TEST(Ipv6Address, RefusesEverythingElse) {
  for (const std::string_view text : {"", ":", "1::2::3", "2001:db8::g", "fe80::1%eth0", "[::1]", "::1/64", " ::1",
                                      "::1 ", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "192.0.2.1", "12345::"})
    EXPECT_EQ(canonical<Ipv6Address>(text), "refused") << text;
  EXPECT_EQ(canonical<Ipv6Address>(std::string_view("::1\0", 4)), "refused") << "a NUL";
}

TEST(Ipv6Address, MasksAreRunsOfOnes) {
  for (unsigned length = 0; length <= 128; ++length)
    EXPECT_EQ(Ipv6Address::mask(length).prefix_length(), length);
  EXPECT_EQ(Ipv6Address::mask(20).to_string(), "ffff:f000::");
  for (const auto *text : {"ff00::1", "::1", "ffff:0:ffff::", "7fff::"})
    EXPECT_EQ(Ipv6Address::parse(text)->prefix_length(), std::nullopt) << text;
  EXPECT_EQ((*Ipv6Address::parse("2001:db8::1") & Ipv6Address::mask(16)).to_string(), "2001::");
}

TEST(MacAddress, ReadsGroupsOfOneOrTwoDigits) {
  EXPECT_EQ(canonical<MacAddress>("52:54:00:AB:cd:EF"), "52:54:00:ab:cd:ef");
  EXPECT_EQ(canonical<MacAddress>("2:0:0:0:0:1"), "02:00:00:00:00:01");
}

TEST(MacAddress, RefusesEverythingElse) {
  for (const std::string_view text :
       {"", "02:00:00:00:00", "02:00:00:00:00:01:02", "02-00-00-00-00-01", "02:00:00:00:00:0g", "002:00:00:00:00:01",
        "02::00:00:00:01", "02:00:00:00:00:01 ", " 02:00:00:00:00:01", "02:00:00:00:00:", ":02:00:00:00:00:01",
        "0x2:00:00:00:00:01", "-2:00:00:00:00:01"})
    EXPECT_EQ(canonical<MacAddress>(text), "refused") << text;
}

TEST(MacAddress, IsAMaskWhenOnesComeFirst) {
  for (const auto *text :
       {"00:00:00:00:00:00", "80:00:00:00:00:00", "ff:ff:ff:00:00:00", "ff:fe:00:00:00:00", "ff:ff:ff:ff:ff:ff"})
    EXPECT_TRUE(MacAddress::parse(text)->is_mask()) << text;
  for (const auto *text : {"00:00:00:00:00:01", "ff:00:ff:00:00:00", "7f:ff:ff:ff:ff:ff", "ff:fd:00:00:00:00"})
    EXPECT_FALSE(MacAddress::parse(text)->is_mask()) << text;
  EXPECT_EQ((*MacAddress::parse("02:11:22:33:44:55") & *MacAddress::parse("ff:ff:ff:00:00:00")).to_string(),
            "02:11:22:00:00:00");
}

} // namespace
} // namespace nwgate
