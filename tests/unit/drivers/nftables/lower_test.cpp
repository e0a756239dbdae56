// SPDX-License-Identifier: LGPL-2.1-or-later
/// The expressions of rules; what they decide is proved by packets.
#include "drivers/nftables/lower.h"

#include "drivers/netlink/user_data.h"
#include "drivers/nftables/layout.h"
#include "tests/unit/drivers/nftables/support.h"

#include <gtest/gtest.h>

namespace nwgate::nftables {
namespace {

using testing::in_words;
using testing::program_of;
using testing::rule;

class Names final : public RuleNames {
public:
  explicit Names(const ProgramLookups &lookups) : lookups_(lookups) {}
  [[nodiscard]] std::string set(std::size_t lookup) const override { return set_name("f", lookups_.lookups[lookup]); }
  [[nodiscard]] std::string chain(const std::string &name) const override { return "f/out/" + name; }
  [[nodiscard]] std::string accept() const override { return "accept"; }
  [[nodiscard]] std::string drop() const override { return "drop-out"; }
  [[nodiscard]] std::string reject() const override { return "reject-out"; }
  [[nodiscard]] std::string whole_icmp() const override { return "whole-icmp-out"; }
  [[nodiscard]] std::string whole_sctp() const override { return "whole-sctp-out"; }

private:
  const ProgramLookups &lookups_;
};

/// The first rule of a chain, lowered: in words, or why not.
std::string lowered(const std::string &body, Layer layer, Direction direction = Direction::out,
                    netlink::RuleContent *content = nullptr, netlink::Family ethernet = netlink::Family::bridge) {
  const auto program = program_of(body);
  const auto lookups = find_lookups(program);
  const Names names(lookups);
  for (std::size_t c = 0; c < program.chains.size(); ++c) {
    const auto &chain = program.chains[c];
    if (chain.layer != layer || chain.direction != direction || chain.name != root_chain)
      continue;
    const PortKey key = layer != Layer::ethernet      ? PortKey{PortKey::Kind::mark, 0x0ffff000}
                        : direction == Direction::out ? PortKey{PortKey::Kind::in_name, 0}
                                                      : PortKey{PortKey::Kind::out_name, 0};
    const Place place{layer == Layer::ethernet ? ethernet
                      : layer == Layer::ipv4   ? netlink::Family::ip
                                               : netlink::Family::ip6,
                      layer, direction, key};
    const auto result = lower(chain.rules.at(0), lookups.chains[c].at(0), place, names, testing::NoSets());
    if (const auto *why = std::get_if<std::string>(&result))
      return "refused: " + *why;
    if (content != nullptr)
      *content = std::get<netlink::RuleContent>(result);
    return in_words(std::get<netlink::RuleContent>(result).expressions);
  }
  return "no rule";
}

std::string in_ethernet(const std::string &element) { return lowered(rule(element), Layer::ethernet); }
std::string in_ipv4(const std::string &element) { return lowered(rule(element), Layer::ipv4); }

const std::string key_of_mark = "meta mark => 0; 0 & 00f0ff0f ^ 00000000 => 0; ";

TEST(Lower, EthernetHeaders) {
  EXPECT_EQ(in_ethernet("<mac srcmacaddr='52:54:00:00:00:01' protocolid='arp'/>"),
            "ll@6,6 => 0; 0 == 525400000001; ll@12,2 => 0; 0 == 0806; counter; goto drop-out");
  EXPECT_EQ(in_ethernet("<mac match='no' srcmacaddr='52:54:00:00:00:01' srcmacmask='ff:ff:ff:00:00:00'/>"),
            "ll@6,6 => 0; 0 & ffffff000000 ^ 000000000000 => 0; 0 != 525400000000; counter; goto drop-out");
}

TEST(Lower, TheAddressOfThePort) {
  EXPECT_EQ(in_ethernet("<mac srcmacaddr='$MAC'/>"),
            "meta iifname => 0; ll@6,6 => 4; 0 in f/MAC.mac; counter; goto drop-out");
  EXPECT_EQ(lowered(rule("<mac srcmacaddr='$MAC'/>", "in"), Layer::ethernet, Direction::in),
            "meta oifname => 0; ll@6,6 => 4; 0 in f/MAC.mac; counter; goto drop-out");
}

TEST(Lower, ATupleIsOneKey) {
  EXPECT_EQ(lowered(rule("<udp state='NONE' srcipaddr='$A' dstportstart='$B'/>"), Layer::ipv4),
            "meta l4proto => 0; 0 == 11; " + key_of_mark +
                "nh@12,4 => 1; th@2,2 => 2; 0 in f/A.B.ipv4.u16; counter; goto drop-out");
}

TEST(Lower, NegatedLookups) {
  EXPECT_EQ(lowered(rule("<all state='NONE' match='no' srcipaddr='$A'/>"), Layer::ipv4),
            key_of_mark + "nh@12,4 => 1; 0 not in f/A.ipv4; counter; goto drop-out");
}

TEST(Lower, ALiteralMaskIsTakenOffBeforeTheLookup) {
  EXPECT_EQ(lowered(rule("<all state='NONE' srcipaddr='$A' srcipmask='24'/>"), Layer::ipv4),
            key_of_mark + "nh@12,4 => 1; 1 & ffffff00 ^ 00000000 => 1; 0 in f/A.ipv4-24; counter; goto drop-out");
}

TEST(Lower, RangesAndFlags) {
  EXPECT_EQ(
      lowered(rule("<tcp state='NONE' srcipfrom='10.0.0.1' srcipto='10.0.0.9' flags='SYN,ACK/SYN' "
                   "dstportstart='1' dstportend='9'/>"),
              Layer::ipv4),
      "meta l4proto => 0; 0 == 06; nh@12,4 => 0; 0 in 0a000001-0a000009; th@13,1 => 0; 0 & 12 ^ 00 => 0; 0 == 02; "
      "th@2,2 => 0; 0 in 0001-0009; counter; goto drop-out");
}

TEST(Lower, ArpAddressesAreThoseOfEthernetAndIpv4) {
  EXPECT_EQ(in_ethernet("<arp arpsrcipaddr='10.0.0.1'/>"),
            "ll@12,2 => 0; 0 == 0806; nh@2,4 => 15; 15 == 08000604; nh@27,1 => 15; nh@14,4 => 0; 0 == 0a000001; "
            "counter; goto drop-out");
}

TEST(Lower, WhatIsOddIsLeftToTheToolsMatches) {
  EXPECT_EQ(in_ipv4("<icmp type='8' state='NONE'/>"), "meta l4proto => 0; 0 == 01; xt icmp; counter; goto drop-out");
  EXPECT_EQ(in_ethernet("<stp type='0'/>").substr(0, 200).find("xt stp") != std::string::npos, true);
  EXPECT_NE(in_ethernet("<ip protocol='udp' dstportstart='7'/>").find("xt ip;"), std::string::npos);
  EXPECT_NE(in_ethernet("<ipv6 protocol='udp'/>").find("xt ip6;"), std::string::npos);
}

/// Where the tools' matches are not, as at a device's own hooks and for sockets.
TEST(Lower, HeadersOfLessThanFourBytesAreNotLookedAt) {
  const auto without_tools = [](const std::string &element) {
    const auto words = lowered(rule(element), Layer::ethernet, Direction::out, nullptr, netlink::Family::netdev);
    return words.substr(words.find("; th") + 2);
  };
  EXPECT_EQ(without_tools("<ip protocol='udp' srcportstart='7'/>"),
            "th@3,1 => 15; th@0,2 => 0; 0 == 0007; counter; goto drop-out");
  EXPECT_EQ(without_tools("<ip protocol='udp' dstportstart='7'/>"), "th@2,2 => 0; 0 == 0007; counter; goto drop-out");
  EXPECT_EQ(without_tools("<ipv6 protocol='icmpv6' type='128'/>"),
            "th@3,1 => 15; th@0,1 => 0; 0 in 80-80; th@1,1 => 0; 0 in 00-ff; counter; goto drop-out");
  EXPECT_NE(without_tools("<ip protocol='udp' srcportstart='$P'/>").find("th@3,1 => 15; th@0,2 => "),
            std::string::npos);
}

TEST(Lower, Verdicts) {
  const auto verdict_of = [](const std::string &action, Layer layer) {
    const auto words = lowered("<rule action='" + action + "' direction='out'>" +
                                   (layer == Layer::ethernet ? "<mac/>" : "<all state='NONE'/>") + "</rule>",
                               layer);
    return words.substr(words.find("counter") + 7);
  };
  EXPECT_EQ(verdict_of("accept", Layer::ethernet), "; goto accept");
  EXPECT_EQ(verdict_of("drop", Layer::ethernet), "; goto drop-out");
  EXPECT_EQ(verdict_of("reject", Layer::ethernet), "; goto drop-out");
  EXPECT_EQ(verdict_of("return", Layer::ethernet), "; return");
  EXPECT_EQ(verdict_of("continue", Layer::ethernet), "");
  EXPECT_EQ(verdict_of("accept", Layer::ipv4), "; goto accept");
  EXPECT_EQ(verdict_of("drop", Layer::ipv4), "; goto drop-out");
  EXPECT_EQ(verdict_of("reject", Layer::ipv4), "; goto reject-out");
  EXPECT_EQ(verdict_of("return", Layer::ipv4), "; goto accept") << "nothing is behind the program";
}

TEST(Lower, WhatCannotBeSaidIsRefused) {
  EXPECT_TRUE(in_ipv4("<all ipset='missing' ipsetflags='src'/>").starts_with("refused: "));
}

TEST(Lower, InTheBridgeFamilyARuleOfIcmpTypesIsGuarded) {
  const auto guard = [](const std::string &element) -> std::string {
    const auto program = program_of(rule(element));
    const auto lookups = find_lookups(program);
    const Place place{netlink::Family::bridge, Layer::ipv4, Direction::out, {PortKey::Kind::in_name, 0}};
    for (std::size_t c = 0; c < program.chains.size(); ++c)
      if (const auto &chain = program.chains[c]; chain.layer == Layer::ipv4 && chain.direction == Direction::out)
        if (const auto content =
                lower_guard(chain.rules.at(0), lookups.chains[c].at(0), place, Names(lookups), testing::NoSets()))
          return in_words(content->expressions);
    return "none";
  };
  EXPECT_EQ(guard("<icmp state='NONE' type='8' srcipaddr='10.0.0.1'/>"),
            "meta l4proto => 0; 0 == 01; nh@12,4 => 0; 0 == 0a000001; jump whole-icmp-out");
  EXPECT_EQ(guard("<icmp state='NONE' srcipaddr='10.0.0.1'/>"), "none");
}

TEST(Lower, TheCommentIsNftsAsWell) {
  netlink::RuleContent content;
  lowered(rule("<udp comment='hello'/>"), Layer::ipv4, Direction::out, &content);
  const auto comment = netlink::find_user_data(content.user_data, 0);
  ASSERT_TRUE(comment);
  EXPECT_EQ(std::string(comment->begin(), comment->end()), std::string("hello\0", 6));
}

} // namespace
} // namespace nwgate::nftables
