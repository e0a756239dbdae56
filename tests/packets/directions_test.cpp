// SPDX-License-Identifier: LGPL-2.1-or-later
/// Directions, and what a rule of the ip layer does on the way back.
#include "fixture.h"

namespace nwgate::packets {
namespace {

class Directions : public KernelTest {};

Ip udp(std::uint16_t source, std::uint16_t destination) { return Ip{.sport = source, .dport = destination}; }

TEST_F(Directions, EthernetRulesWorkInTheirOwn) {
  engine().bind_rules({"<rule action='drop' direction='out'><mac protocolid='0x88b6'/></rule>",
                       "<rule action='drop' direction='in'><mac protocolid='0x88b7'/></rule>"});
  EXPECT_FALSE(out(Ether{.type = 0x88b6}));
  EXPECT_TRUE(in(Ether{.type = 0x88b6}));
  EXPECT_TRUE(out(Ether{.type = 0x88b7}));
  EXPECT_FALSE(in(Ether{.type = 0x88b7}));
}

TEST_F(Directions, EthernetInoutIsWrittenAsForIn) {
  engine().bind_rules({"<rule action='drop' direction='inout'><ip srcipaddr='10.0.0.9'/></rule>"});
  EXPECT_FALSE(in(Ip{.src = "10.0.0.9"}));
  EXPECT_TRUE(in(Ip{.dst = "10.0.0.9"}));
  EXPECT_FALSE(out(Ip{.dst = "10.0.0.9"}));
  EXPECT_TRUE(out(Ip{.src = "10.0.0.9"}));
}

TEST_F(Directions, EthernetInoutTurnsMacArpAndPorts) {
  engine().bind_rules({"<rule action='drop' direction='inout'><mac srcmacaddr='52:54:00:00:00:77'/></rule>",
                       "<rule action='drop' direction='inout'><arp arpsrcipaddr='10.7.7.7'/></rule>",
                       "<rule action='drop' direction='inout'><arp arpdstmacaddr='52:54:00:00:00:78'/></rule>",
                       "<rule action='drop' direction='inout'><ip protocol='udp' dstportstart='7'/></rule>"});
  EXPECT_FALSE(in(Ether{.src_mac = "52:54:00:00:00:77"}));
  EXPECT_TRUE(in(Ether{.dst_mac = "52:54:00:00:00:77"}));
  EXPECT_FALSE(out(Ether{.dst_mac = "52:54:00:00:00:77"}));
  EXPECT_TRUE(out(Ether{.src_mac = "52:54:00:00:00:77"}));
  EXPECT_FALSE(in(Arp{.sender_ip = "10.7.7.7"}));
  EXPECT_FALSE(out(Arp{.target_ip = "10.7.7.7"}));
  EXPECT_TRUE(out(Arp{.sender_ip = "10.7.7.7"}));
  EXPECT_FALSE(in(Arp{.target_mac = "52:54:00:00:00:78"}));
  EXPECT_FALSE(out(Arp{.sender_mac = "52:54:00:00:00:78"}));
  EXPECT_TRUE(out(Arp{.target_mac = "52:54:00:00:00:78"}));
  EXPECT_FALSE(in(udp(1, 7)));
  EXPECT_FALSE(out(udp(7, 1)));
  EXPECT_TRUE(out(udp(1, 7)));
}

TEST_F(Directions, StpInoutKeepsItsDestination) {
  engine().bind_rules({"<rule action='drop' direction='inout'><stp port='7'/></rule>"});
  EXPECT_FALSE(in(Stp{.port = 7}));
  EXPECT_FALSE(out(Stp{.port = 7}));
  EXPECT_TRUE(out(Stp{.port = 8}));
}

TEST_F(Directions, StpInoutWithASourceIsRefused) {
  engine().write_rules("test", {"<rule action='drop' direction='inout'><stp srcmacaddr='52:54:00:00:00:77'/></rule>"});
  const auto outcome = engine().bind("v0", "test");
  EXPECT_EQ(outcome.status, 3) << outcome.errors;
  EXPECT_NE(outcome.errors.find("test.xml:2:"), std::string::npos) << outcome.errors;
}

class WayBack : public KernelTest {
protected:
  /// One rule about TCP-like port 22 of UDP, which needs no handshake.
  void bind(const std::string &action, const std::string &direction, const std::string &more = {}) {
    std::vector<std::string> rules = {"<rule action='" + action + "' direction='" + direction + "' " + more + ">" +
                                      "<udp dstportstart='22'/></rule>"};
    if (action == "accept")
      rules.emplace_back(drop_all);
    engine().bind_rules(rules);
  }
};

TEST_F(WayBack, DropWorksThereTooTurnedRound) {
  bind("drop", "in");
  EXPECT_FALSE(in(udp(5, 22)));
  EXPECT_FALSE(out(udp(22, 5)));
  EXPECT_TRUE(in(udp(22, 5)));
  EXPECT_TRUE(out(udp(5, 22)));
  EXPECT_EQ(engine().count_in_ip_layer(Direction::in, 3), 1U);
  EXPECT_EQ(engine().count_in_ip_layer(Direction::out, 3), 1U);
}

TEST_F(WayBack, DropOfWhatLeaves) {
  bind("drop", "out");
  EXPECT_FALSE(out(udp(5, 22)));
  EXPECT_FALSE(in(udp(22, 5)));
  EXPECT_TRUE(out(udp(22, 5)));
  EXPECT_TRUE(in(udp(5, 22)));
}

TEST_F(WayBack, DropInoutIsWrittenAsForIn) {
  bind("drop", "inout");
  EXPECT_FALSE(in(udp(5, 22)));
  EXPECT_FALSE(out(udp(22, 5)));
  EXPECT_TRUE(in(udp(22, 5)));
  EXPECT_TRUE(out(udp(5, 22)));
}

TEST_F(WayBack, AcceptWithoutStatesTakesBothWays) {
  bind("accept", "out", "statematch='false'");
  EXPECT_TRUE(in(udp(22, 5)));
  EXPECT_TRUE(out(udp(5, 22)));
  EXPECT_FALSE(in(udp(5, 22)));
  EXPECT_FALSE(out(udp(22, 5)));
}

TEST_F(WayBack, AcceptWithStatesTakesAnswersOnly) {
  bind("accept", "out");
  EXPECT_FALSE(in(udp(22, 5)));
  EXPECT_TRUE(out(udp(5, 22)));
  EXPECT_TRUE(in(mirrored(udp(5, 22))));
  EXPECT_TRUE(out(udp(5, 22)));
  EXPECT_FALSE(in(mirrored(udp(6, 22))));
  EXPECT_FALSE(out(udp(22, 5)));
}

TEST_F(WayBack, AcceptInoutLooksAtNoState) {
  bind("accept", "inout");
  EXPECT_TRUE(in(udp(5, 22)));
  EXPECT_TRUE(out(udp(22, 5)));
  EXPECT_FALSE(in(udp(22, 5)));
  EXPECT_FALSE(out(udp(5, 22)));
}

TEST_F(WayBack, AStateMakesItOneDirection) {
  engine().bind_rules({"<rule action='drop' direction='in'><udp state='NONE' dstportstart='22'/></rule>",
                       "<rule action='drop' direction='out'><udp state='NEW' dstportstart='23'/></rule>",
                       "<rule action='drop' direction='inout'><udp state='NEW' dstportstart='24'/></rule>"});
  EXPECT_FALSE(in(udp(5, 22)));
  EXPECT_TRUE(out(udp(22, 5)));
  EXPECT_FALSE(out(udp(5, 23)));
  EXPECT_TRUE(in(udp(23, 5)));
  EXPECT_FALSE(in(udp(5, 24)));
  EXPECT_FALSE(out(udp(24, 5)));
}

TEST_F(WayBack, StatematchFalseForgetsTheState) {
  engine().bind_rules(
      {"<rule action='accept' direction='out' statematch='false'><udp state='INVALID' dstportstart='22'/></rule>",
       drop_all});
  EXPECT_TRUE(out(udp(5, 22)));
  EXPECT_TRUE(in(udp(22, 5)));
}

TEST_F(WayBack, TheSendersMacAddressIsLeftOut) {
  engine().bind_rules(
      {"<rule action='drop' direction='in'><udp srcmacaddr='52:54:00:00:00:77' dstportstart='22'/></rule>",
       "<rule action='drop' direction='in'><udp srcmacaddr='52:54:00:00:00:78'/></rule>"});
  EXPECT_FALSE(in(Ip{.src_mac = "52:54:00:00:00:77", .dport = 22}));
  EXPECT_TRUE(in(udp(5, 22)));
  EXPECT_FALSE(out(udp(22, 5))) << "the way back is wider";
  EXPECT_FALSE(in(Ip{.src_mac = "52:54:00:00:00:78"}));
  EXPECT_TRUE(out(Ip{.dst_mac = "52:54:00:00:00:78"})) << "there is no way back";
  EXPECT_TRUE(out(Ip{.src_mac = "52:54:00:00:00:78"}));
}

TEST_F(WayBack, IcmpTypesHaveNone) {
  engine().bind_rules({"<rule action='drop' direction='out'><icmp type='8'/></rule>",
                       "<rule action='drop' direction='in'><icmp type='13'/></rule>",
                       "<rule action='drop' direction='in'><icmp srcipaddr='10.0.0.9'/></rule>"});
  EXPECT_FALSE(out(Ip{.protocol = IPPROTO_ICMP, .type = 8}));
  EXPECT_TRUE(in(Ip{.protocol = IPPROTO_ICMP, .type = 8}));
  EXPECT_FALSE(in(Ip{.protocol = IPPROTO_ICMP, .type = 13}));
  EXPECT_TRUE(out(Ip{.protocol = IPPROTO_ICMP, .type = 13}));
  EXPECT_FALSE(in(Ip{.src = "10.0.0.9", .protocol = IPPROTO_ICMP, .type = 17}));
  EXPECT_FALSE(out(Ip{.dst = "10.0.0.9", .protocol = IPPROTO_ICMP, .type = 17}));
}

TEST_F(WayBack, ConnectionLimitsHaveNone) {
  engine().bind_rules({"<rule action='drop' direction='in'><udp connlimit-above='0' dstportstart='22'/></rule>",
                       "<rule action='drop' direction='inout'><udp connlimit-above='0' dstportstart='23'/></rule>",
                       "<rule action='drop' direction='out'><udp connlimit-above='0' dstportstart='24'/></rule>"});
  EXPECT_FALSE(in(udp(5, 22)));
  EXPECT_TRUE(out(udp(22, 5)));
  EXPECT_FALSE(in(udp(5, 23)));
  EXPECT_TRUE(out(udp(23, 5)));
  EXPECT_FALSE(out(udp(5, 24)));
  EXPECT_TRUE(in(udp(24, 5)));
}

} // namespace
} // namespace nwgate::packets
