// SPDX-License-Identifier: LGPL-2.1-or-later
/// The places of docs/differences.md where a packet can tell: nwgate does what is written there. Each test carries the
/// place's number.
#include "fixture.h"

namespace nwgate::packets {
namespace {

class Differences : public KernelTest {
protected:
  /// `check` warns of the filter `test`, with this id.
  void expect_warning(const std::string &id) {
    const auto outcome = engine().command({"check", engine().filter_path("test")});
    EXPECT_TRUE(outcome.ok()) << outcome.errors;
    EXPECT_NE((outcome.errors + outcome.output).find(id), std::string::npos) << outcome.errors << outcome.output;
  }
};

TEST_F(Differences, N01_AChainForStpComesBeforeMac) {
  engine().write_filter("first", "<filter name='first' chain='stp'><rule action='accept' direction='out'/></filter>");
  engine().write_filter("second", "<filter name='second' chain='mac'><rule action='accept' direction='out'>"
                                  "<mac protocolid='0x88b5'/></rule><rule action='drop' direction='out'/></filter>");
  engine().bind_rules({"<filterref filter='second'/>", "<filterref filter='first'/>"});
  EXPECT_TRUE(out(Stp{}));
  EXPECT_FALSE(out(Ether{}));
}

TEST_F(Differences, N03_SetsWithAndWithoutFlags) {
  must_run({"ipset", "restore"}, "create hosts hash:ip\nadd hosts 10.0.5.5\n");
  for (const auto *element : {"<all ipset='hosts'/>", "<all ipset='hosts' ipsetflags='src'/>", "<udp ipset='hosts'/>",
                              "<udp ipset='hosts' ipsetflags='src'/>"}) {
    engine().bind_rules({std::string("<rule action='accept' direction='out'>") + element + "</rule>", drop_all});
    EXPECT_TRUE(out(Ip{.src = "10.0.5.5"})) << element;
    EXPECT_FALSE(out(Ip{.src = "10.0.5.6"})) << element;
  }
  expect_warning("NWG403");
}

TEST_F(Differences, N04_DestinationPortsAreNegatedOnTheirOwn) {
  engine().bind_rules(
      {"<rule action='drop' direction='out'><udp srcportstart='7'/><udp match='no' dstportstart='22'/></rule>",
       "<rule action='drop' direction='out'><tcp match='no' dstportstart='22'/></rule>"});
  EXPECT_TRUE(out(Ip{.sport = 7, .dport = 22}));
  EXPECT_FALSE(out(Ip{.sport = 7, .dport = 23}));
  EXPECT_TRUE(out(Ip{.sport = 8, .dport = 23}));
  EXPECT_TRUE(out(Ip{.protocol = IPPROTO_TCP, .dport = 22}));
  EXPECT_FALSE(out(Ip{.protocol = IPPROTO_TCP, .dport = 23}));
  expect_warning("NWG404");
}

TEST_F(Differences, N05_TheTypeBehindATagIsTheOneWritten) {
  engine().bind_rules({"<rule action='drop' direction='out'><vlan encap-protocol='arp'/></rule>"});
  EXPECT_FALSE(out(Vlan{.type = 0x0806}));
  EXPECT_TRUE(out(Vlan{.type = 0x2054}));
  expect_warning("NWG405");
}

TEST_F(Differences, N06_DscpIsSixBits) {
  engine().bind_rules({"<rule action='drop' direction='out'><ip dscp='46'/></rule>"});
  for (const unsigned ecn : {0U, 1U, 2U, 3U})
    EXPECT_FALSE(out(Ip{.tos = static_cast<std::uint8_t>(46U << 2U | ecn)})) << ecn;
  EXPECT_TRUE(out(Ip{.tos = 46}));
  EXPECT_TRUE(out(Ip{.tos = 47U << 2U}));
  EXPECT_EQ(engine().count_in_ethernet_layer(Direction::out, 3), 4U);
  expect_warning("NWG406");
}

TEST_F(Differences, N07_TheDestinationOfArpHasItsOwnMask) {
  engine().bind_rules({"<rule action='drop' direction='out'>"
                       "<arp arpsrcipaddr='10.1.0.0' arpsrcipmask='16' arpdstipaddr='10.2.0.1'/></rule>"});
  EXPECT_FALSE(out(Arp{.sender_ip = "10.1.9.9", .target_ip = "10.2.0.1"}));
  EXPECT_TRUE(out(Arp{.sender_ip = "10.1.9.9", .target_ip = "10.2.0.2"}));
  expect_warning("NWG407");
}

TEST_F(Differences, N08_RangesOfIpv6Destinations) {
  engine().bind_rules(
      {"<rule action='drop' direction='out'><udp-ipv6 dstipfrom='fd00::10' dstipto='fd00::20'/></rule>"});
  EXPECT_FALSE(out(Ip{.version = 6, .dst = "fd00::10"}));
  EXPECT_FALSE(out(Ip{.version = 6, .dst = "fd00::20"}));
  EXPECT_TRUE(out(Ip{.version = 6, .dst = "fd00::21"}));
  expect_warning("NWG408");
}

TEST_F(Differences, N09_IcmpTypesInBothDirections) {
  engine().bind_rules({"<rule action='drop' direction='inout'><icmp type='8'/></rule>",
                       "<rule action='drop' direction='inout'><icmpv6 type='128'/></rule>"});
  EXPECT_FALSE(out(Ip{.protocol = IPPROTO_ICMP}));
  EXPECT_FALSE(in(Ip{.protocol = IPPROTO_ICMP}));
  EXPECT_TRUE(out(Ip{.protocol = IPPROTO_ICMP, .type = 0}));
  EXPECT_TRUE(in(Ip{.protocol = IPPROTO_ICMP, .type = 0}));
  EXPECT_FALSE(out(Ip{.version = 6, .protocol = IPPROTO_ICMPV6}));
  EXPECT_FALSE(in(Ip{.version = 6, .protocol = IPPROTO_ICMPV6}));
  EXPECT_TRUE(in(Ip{.version = 6, .protocol = IPPROTO_ICMPV6, .type = 129}));
  expect_warning("NWG409");
}

TEST_F(Differences, N09_AcceptOfIcmpTypesLooksAtNoState) {
  engine().bind_rules({"<rule action='accept' direction='inout'><icmp type='0'/></rule>", drop_all});
  EXPECT_TRUE(out(Ip{.protocol = IPPROTO_ICMP, .type = 0}))
      << "an answer that nobody asked for is INVALID to conntrack";
  EXPECT_TRUE(in(Ip{.protocol = IPPROTO_ICMP, .type = 0}));
  EXPECT_FALSE(in(Ip{.protocol = IPPROTO_ICMP}));
}

TEST_F(Differences, N10_ContinueInTheIpLayer) {
  engine().bind_rules({"<rule action='continue' direction='out' priority='1'><udp/></rule>",
                       "<rule action='drop' direction='out' priority='2'><udp dstportstart='7'/></rule>",
                       "<rule action='continue' direction='out' priority='1'><udp-ipv6/></rule>"});
  EXPECT_TRUE(out(Ip{.dport = 8}));
  EXPECT_FALSE(out(Ip{.dport = 7}));
  EXPECT_TRUE(out(Ip{.version = 6}));
  EXPECT_EQ(engine().count_in_ip_layer(Direction::out, 3), 2U);
  EXPECT_EQ(engine().count_in_ip_layer(Direction::out, 5), 1U);
  expect_warning("NWG410");
}

TEST_F(Differences, N12_RejectInTheEthernetLayerDrops) {
  engine().bind_rules({"<rule action='reject' direction='inout'><arp/></rule>"});
  EXPECT_FALSE(out(Arp{}));
  EXPECT_FALSE(in(Arp{}));
  EXPECT_TRUE(in(Ip{}));
  expect_warning("NWG412");
}

TEST_F(Differences, N13_SetsAreNegated) {
  must_run({"ipset", "restore"}, "create hosts hash:ip\nadd hosts 10.0.5.5\n");
  engine().bind_rules({"<rule action='drop' direction='out'><udp match='no' ipset='hosts' ipsetflags='src'/></rule>"});
  EXPECT_TRUE(out(Ip{.src = "10.0.5.5"}));
  EXPECT_FALSE(out(Ip{.src = "10.0.5.6"}));
  expect_warning("NWG413");
}

TEST_F(Differences, N33_AnIcmpCodeWithoutTypeIsNegated) {
  engine().bind_rules(
      {"<rule action='drop' direction='out'><ipv6 protocol='icmpv6'/><ipv6 match='no' code='3'/></rule>"});
  EXPECT_TRUE(out(Ip{.version = 6, .protocol = IPPROTO_ICMPV6, .type = 1, .code = 3}));
  EXPECT_FALSE(out(Ip{.version = 6, .protocol = IPPROTO_ICMPV6, .type = 1, .code = 4}));
  expect_warning("NWG419");
}

/// Section 4: not different, though surprising.
TEST_F(Differences, S4_TheEndOfAChainPasses) {
  engine().bind_rules({"<filterref filter='allow-dhcp'/>", drop_every_frame});
  EXPECT_TRUE(out(Ip{.protocol = IPPROTO_TCP}));
  EXPECT_FALSE(out(Ip{.version = 6}));
}

TEST_F(Differences, S4_NothingIsDroppedByDefault) {
  engine().bind_rules({"<rule action='accept' direction='out'><udp dstportstart='7'/></rule>"});
  EXPECT_TRUE(out(Ip{.dport = 8}));
  EXPECT_TRUE(in(Ip{}));
  EXPECT_TRUE(out(Vlan{}));
}

TEST_F(Differences, S4_IcmpType255IsAnyType) {
  engine().bind_rules({"<rule action='drop' direction='out'><icmp type='255'/></rule>"});
  EXPECT_FALSE(out(Ip{.protocol = IPPROTO_ICMP, .type = 8}));
  expect_warning("NWG418");
}

TEST_F(Differences, S4_TaggedFramesAreSeenByFewRules) {
  engine().bind_rules({"<rule action='drop' direction='out'><ip/></rule>",
                       "<rule action='drop' direction='out'><arp/></rule>",
                       "<rule action='drop' direction='out'><all/></rule>"});
  EXPECT_TRUE(out(Vlan{.type = 0x0800}));
  EXPECT_TRUE(out(Vlan{.type = 0x0806}));
}

} // namespace
} // namespace nwgate::packets
