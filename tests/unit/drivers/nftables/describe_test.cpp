// SPDX-License-Identifier: LGPL-2.1-or-later
/// Rules of the kernel in words.
#include "drivers/nftables/describe.h"

#include "drivers/nftables/layout.h"
#include "tests/unit/drivers/nftables/support.h"

#include <gtest/gtest.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

namespace nwgate::nftables {
namespace {

using netlink::ExpressionList;
using netlink::Family;
using Bytes = std::vector<std::uint8_t>;

/// Sets whose names end in the length of their keys.
const netlink::SetSpec *spec_of(const std::string &name) {
  static netlink::SetSpec spec;
  spec.key_length = static_cast<std::uint32_t>(std::stoul(name.substr(name.rfind('-') + 1)));
  spec.data_length = 4;
  return &spec;
}

RuleWords words_of(const ExpressionList &expressions, Family family = Family::bridge) {
  return describe(family, {expressions.bytes(), {}, 0}, spec_of, testing::NoSets());
}
std::string text_of(const ExpressionList &expressions, Family family = Family::bridge) {
  return words_of(expressions, family).text();
}

TEST(Describe, TheKeyOfALookupHasItsParts) {
  ExpressionList e;
  e.meta(NFT_META_IIFNAME, {0});
  e.payload(NFT_PAYLOAD_NETWORK_HEADER, 19, 1, {15}); // whether the header is all there: no words
  e.payload(NFT_PAYLOAD_NETWORK_HEADER, 12, 4, {4});
  e.lookup("f/IP.ipv4-20", {0});
  e.counter();
  e.verdict(NF_ACCEPT);
  const auto words = words_of(e);
  EXPECT_EQ(words.text(), "iifname . ip saddr @f/IP.ipv4-20 accept");
  EXPECT_EQ(words.effect, "accept");
  EXPECT_EQ(words.target, "");
  ASSERT_EQ(words.conditions.size(), 1U);
  EXPECT_EQ(words.conditions.front().set, "f/IP.ipv4-20");
}

TEST(Describe, ALookupThatIsNegated) {
  ExpressionList e;
  e.meta(NFT_META_OIFNAME, {0});
  e.lookup("s-16", {0}, true);
  EXPECT_EQ(text_of(e), "oifname != @s-16");
  EXPECT_EQ(words_of(e).effect, "continue");
}

TEST(Describe, ChainsThatCountAndDecideAreSeenThrough) {
  const auto effect_of = [](const std::string &chain) {
    ExpressionList e;
    e.verdict(NFT_GOTO, chain);
    return words_of(e).effect + "|" + words_of(e).target + "|" + words_of(e).verdict;
  };
  EXPECT_EQ(effect_of("accepted"), "accept||goto accepted");
  EXPECT_EQ(effect_of("drop-out"), "drop||goto drop-out");
  EXPECT_EQ(effect_of("drop-in"), "drop||goto drop-in");
  EXPECT_EQ(effect_of("reject-in"), "reject||goto reject-in");
  EXPECT_EQ(effect_of("f/out"), "goto|f/out|goto f/out");
}

TEST(Describe, FieldsAreReadByTheTypeThatTheRuleAsksFor) {
  ExpressionList e;
  e.payload(NFT_PAYLOAD_LL_HEADER, 12, 2, {0});
  e.compare({0}, NFT_CMP_EQ, Bytes{0x08, 0x06});
  e.payload(NFT_PAYLOAD_NETWORK_HEADER, 6, 2, {0});
  e.compare({0}, NFT_CMP_NEQ, Bytes{0, 1});
  e.payload(NFT_PAYLOAD_NETWORK_HEADER, 2, 4, {0});
  e.compare({0}, NFT_CMP_EQ, Bytes{8, 0, 6, 4});
  EXPECT_EQ(text_of(e), "ether type 0x0806 arp operation != 1 arp ptype 0x0800 arp hlen 6 arp plen 4");
}

TEST(Describe, MasksAndRanges) {
  ExpressionList e;
  e.payload(NFT_PAYLOAD_NETWORK_HEADER, 16, 4, {0});
  e.bitwise_and({0}, {0}, Bytes{255, 0, 0, 0});
  e.compare({0}, NFT_CMP_EQ, Bytes{10, 0, 0, 0});
  e.payload(NFT_PAYLOAD_LL_HEADER, 6, 6, {0});
  e.bitwise_and({0}, {0}, Bytes{1, 0, 0, 0, 0, 0});
  e.compare({0}, NFT_CMP_EQ, Bytes{1, 0, 0, 0, 0, 0});
  e.meta(NFT_META_L4PROTO, {0});
  e.compare({0}, NFT_CMP_EQ, Bytes{6});
  e.payload(NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, {0});
  e.range({0}, Bytes{0, 80}, Bytes{0, 90}, true);
  EXPECT_EQ(text_of(e, Family::ip),
            "ip daddr 10.0.0.0/8 ether saddr & 01:00:00:00:00:00 == 01:00:00:00:00:00 tcp dport != 80-90");
}

TEST(Describe, StatesOfConnections) {
  const auto with = [](std::uint32_t operation) {
    ExpressionList e;
    e.ct(NFT_CT_STATE, {0});
    e.bitwise_and({0}, {0}, number_key(2 | 8)); // established, new
    e.compare({0}, operation, number_key(0));
    return text_of(e, Family::ip);
  };
  EXPECT_EQ(with(NFT_CMP_NEQ), "ct state established,new");
  EXPECT_EQ(with(NFT_CMP_EQ), "ct state ! established,new");
}

TEST(Describe, MarksAndMaps) {
  ExpressionList set;
  set.meta(NFT_META_IIFNAME, {0});
  set.lookup_data("out-marks-16", {0}, {4});
  set.set_meta(NFT_META_MARK, {4});
  EXPECT_EQ(text_of(set), "meta mark set iifname map @out-marks-16");
  ExpressionList asked; // the data is not used: whether the key is there is what counts
  asked.meta(NFT_META_IIF, {0});
  asked.lookup_data("devices-4", {0}, {4});
  asked.verdict(NF_DROP);
  EXPECT_EQ(text_of(asked), "iif @devices-4 drop");
  ExpressionList led;
  led.meta(NFT_META_OIFNAME, {0});
  led.lookup_verdict("in-others-16", {0});
  EXPECT_EQ(text_of(led), "oifname vmap @in-others-16");
  EXPECT_EQ(words_of(led).effect, "vmap");
}

TEST(Describe, WhatIsNotUnderstoodIsShownAsItIs) {
  const RuleWords broken = describe(Family::ip, {{1, 2, 3, 4, 5, 6, 7, 8}, {}, 0}, spec_of, testing::NoSets());
  EXPECT_EQ(broken.effect, "continue");
  ExpressionList e;
  e.payload(NFT_PAYLOAD_NETWORK_HEADER, 33, 3, {0});
  e.compare({0}, NFT_CMP_GTE, Bytes{1, 2, 3});
  EXPECT_EQ(text_of(e, Family::ip), "@nh,264,24 >= 0x010203");
  ExpressionList unused;
  unused.meta(NFT_META_MARK, {0});
  EXPECT_EQ(text_of(unused), "[ load meta mark ]");
}

} // namespace
} // namespace nwgate::nftables
