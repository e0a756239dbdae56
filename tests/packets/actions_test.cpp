// SPDX-License-Identifier: LGPL-2.1-or-later
/// What each action does, and where a chain ends.
#include "fixture.h"

namespace nwgate::packets {
namespace {

class EthernetActions : public KernelTest {};

TEST_F(EthernetActions, AcceptLeavesThePacketToTheIpLayer) {
  engine().bind_rules({"<rule action='accept' direction='out' priority='0'><ip/></rule>",
                       "<rule action='drop' direction='out' priority='1'/>",
                       "<rule action='drop' direction='out'><udp dstportstart='7'/></rule>"});
  EXPECT_TRUE(out(Ip{.dport = 8}));
  EXPECT_FALSE(out(Ip{.dport = 7}));
  EXPECT_FALSE(out(Ether{}));
  EXPECT_EQ(engine().count_in_ethernet_layer(Direction::out, 3), 2U);
}

TEST_F(EthernetActions, DropIsFinal) {
  engine().bind_rules({"<rule action='drop' direction='out' priority='0'><ip/></rule>",
                       "<rule action='accept' direction='out' priority='1'/>",
                       "<rule action='accept' direction='out'><all/></rule>"});
  EXPECT_FALSE(out(Ip{}));
  EXPECT_TRUE(out(Ether{}));
}

TEST_F(EthernetActions, ContinueCountsAndGoesOn) {
  engine().bind_rules({"<rule action='continue' direction='out' priority='0'><ip/></rule>",
                       "<rule action='drop' direction='out' priority='1'><ip protocol='tcp'/></rule>"});
  EXPECT_TRUE(out(Ip{}));
  EXPECT_FALSE(out(Ip{.protocol = IPPROTO_TCP}));
  EXPECT_EQ(engine().count_in_ethernet_layer(Direction::out, 3), 2U);
}

TEST_F(EthernetActions, ReturnInRootPasses) {
  engine().bind_rules({"<rule action='return' direction='out' priority='0'><ip/></rule>", drop_every_frame});
  EXPECT_TRUE(out(Ip{}));
  EXPECT_FALSE(out(Ether{}));
}

TEST_F(EthernetActions, ReturnInAChainGoesBackToRoot) {
  engine().write_filter("sub", "<filter name='sub' chain='ipv4'>"
                               "<rule action='return' direction='out'><ip protocol='udp'/></rule>"
                               "<rule action='drop' direction='out'><ip protocol='tcp'/></rule></filter>");
  engine().bind_rules(
      {"<filterref filter='sub'/>", "<rule action='drop' direction='out'><ip dstipaddr='10.0.0.9'/></rule>"});
  EXPECT_TRUE(out(Ip{}));
  EXPECT_FALSE(out(Ip{.dst = "10.0.0.9"}));
  EXPECT_FALSE(out(Ip{.protocol = IPPROTO_TCP}));
  EXPECT_TRUE(out(Ip{.dst = "10.0.0.9", .protocol = IPPROTO_ICMP})) << "the end of a chain passes: root is not asked";
  EXPECT_TRUE(in(Ip{.protocol = IPPROTO_TCP})) << "the chain is there for `out` alone";
}

TEST_F(EthernetActions, AChainGetsTheFramesOfItsPrefix) {
  const std::vector<std::pair<std::string, Frame>> frames = {{"ipv4", Ip{}},   {"ipv6", Ip{.version = 6}},
                                                             {"arp", Arp{}},   {"rarp", Arp{.type = 0x8035}},
                                                             {"vlan", Vlan{}}, {"stp", Stp{}},
                                                             {"mac", Ether{}}};
  for (const auto &[chain, own] : frames) {
    engine().write_filter("sub", "<filter name='sub' chain='" + chain +
                                     "-x'><rule action='drop' direction='inout'/></filter>");
    engine().bind_with_fence("sub");
    for (const auto &[other, frame] : frames) {
      const bool expected = chain != "mac" && chain != other;
      EXPECT_EQ(out(frame), expected) << other << " in chain " << chain;
      EXPECT_EQ(in(frame), expected) << other << " in chain " << chain;
    }
  }
}

TEST_F(EthernetActions, ChainsStandAmongTheRulesOfRootByPriority) {
  engine().write_filter("first", "<filter name='first' chain='ipv4' priority='-700'>"
                                 "<rule action='drop' direction='out'><ip protocol='udp' dstportstart='1'/></rule>"
                                 "<rule action='accept' direction='out'><ip protocol='udp' dstportstart='2'/></rule>"
                                 "<rule action='return' direction='out'/></filter>");
  engine().bind_rules(
      {"<filterref filter='first'/>",
       "<rule action='accept' direction='out' priority='-701'><ip protocol='udp' srcportstart='9'/></rule>",
       "<rule action='drop' direction='out' priority='-700'><ip protocol='udp'/></rule>"});
  EXPECT_TRUE(out(Ip{.sport = 9, .dport = 1})) << "an earlier rule of root";
  EXPECT_FALSE(out(Ip{.sport = 8, .dport = 1}));
  EXPECT_TRUE(out(Ip{.sport = 8, .dport = 2})) << "of equal priority, the chain comes first";
  EXPECT_FALSE(out(Ip{.sport = 8, .dport = 3}));
}

class IpActions : public ConnectionTest {};

TEST_F(IpActions, RejectAnswers) {
  engine().bind_rules({"<rule action='reject' direction='out'><tcp dstportstart='25'/></rule>",
                       "<rule action='reject' direction='out'><udp dstportstart='26'/></rule>",
                       "<rule action='reject' direction='in'><tcp dstportstart='27'/></rule>",
                       "<rule action='reject' direction='in'><udp dstportstart='28'/></rule>"});
  EXPECT_EQ(try_tcp(to_peer(25)), Result::refused);
  EXPECT_EQ(try_udp(to_peer(26)), Result::refused);
  EXPECT_EQ(try_tcp(from_peer(27)), Result::refused);
  EXPECT_EQ(try_udp(from_peer(28)), Result::refused);
  EXPECT_EQ(try_tcp(to_host(25)), Result::refused);
  EXPECT_EQ(try_udp(to_host(26)), Result::refused);
  EXPECT_EQ(try_tcp(to_peer(24)), Result::works);
  EXPECT_EQ(try_udp(from_peer(24)), Result::works);
  EXPECT_GE(engine().count_in_ip_layer(Direction::out, 3), 2U);
}

TEST_F(IpActions, RejectAnswersOverIpv6) {
  engine().bind_rules({"<rule action='reject' direction='out'><tcp-ipv6 dstportstart='25'/></rule>",
                       "<rule action='reject' direction='in'><udp-ipv6 dstportstart='28'/></rule>"});
  EXPECT_EQ(try_tcp(to_peer_v6(25)), Result::refused);
  EXPECT_EQ(try_udp(from_peer_v6(28)), Result::refused);
  EXPECT_EQ(try_tcp(to_peer_v6(24)), Result::works);
}

TEST_F(IpActions, RejectOfTheEthernetLayerIsSilent) {
  engine().bind_rules({"<rule action='reject' direction='out'><ip protocol='udp' dstportstart='26'/></rule>",
                       "<rule action='reject' direction='out'><ip protocol='tcp' dstportstart='25'/></rule>"});
  EXPECT_EQ(try_udp(to_peer(26), Expect::silence), Result::silent);
  EXPECT_EQ(try_tcp(to_peer(25), Expect::silence), Result::silent);
  EXPECT_EQ(try_udp(to_peer(27)), Result::works);
}

TEST_F(IpActions, DropIsSilent) {
  engine().bind_rules({"<rule action='drop' direction='out'><udp dstportstart='26'/></rule>"});
  EXPECT_EQ(try_udp(to_peer(26), Expect::silence), Result::silent);
  EXPECT_EQ(try_udp(to_host(26), Expect::silence), Result::silent);
}

TEST_F(IpActions, ReturnPassesTheRulesOfThePort) {
  engine().bind_rules(
      {"<rule action='return' direction='out' priority='100'><udp dstportstart='26'/></rule>", drop_all});
  EXPECT_EQ(try_udp(to_peer(26)), Result::works);
  EXPECT_EQ(try_udp(to_host(26)), Result::works);
  EXPECT_EQ(try_udp(to_peer(27), Expect::silence), Result::silent);
}

TEST_F(IpActions, ContinueCountsAndGoesOn) {
  engine().bind_rules(
      {"<rule action='continue' direction='out' priority='100'><udp dstportstart='26'/></rule>",
       "<rule action='accept' direction='out' priority='200'><udp dstportstart='26' dstipaddr='10.0.0.2'/></rule>",
       drop_all});
  EXPECT_EQ(try_udp(to_peer(26)), Result::works);
  EXPECT_EQ(try_udp(to_host(26), Expect::silence), Result::silent);
  EXPECT_EQ(engine().count_in_ip_layer(Direction::out, 3), 2U) << "to the peer, and to the host";
  EXPECT_EQ(engine().count_in_ip_layer(Direction::in, 3), 1U) << "the answer, turned round";
}

TEST_F(IpActions, TheReceiversRulesStillApply) {
  engine().write_rules("sender", {"<rule action='accept' direction='out'><udp/></rule>",
                                  "<rule action='drop' direction='inout' priority='1000'><all/></rule>"});
  engine().write_rules("receiver", {"<rule action='accept' direction='in'><udp dstportstart='26'/></rule>",
                                    "<rule action='drop' direction='inout' priority='1000'><all/></rule>"});
  engine().must_bind("v0", "sender");
  engine().must_bind("v1", "receiver");
  EXPECT_EQ(try_udp(to_peer(26)), Result::works);
  EXPECT_EQ(try_udp(to_peer(27), Expect::silence), Result::silent);
  EXPECT_EQ(try_tcp(to_peer(26), Expect::silence), Result::silent);
  EXPECT_EQ(try_udp(from_peer(26), Expect::silence), Result::silent);
}

TEST_F(IpActions, RootComesFirstAndThenPriority) {
  engine().write_filter("sub",
                        "<filter name='sub' chain='ipv4'>"
                        "<rule action='drop' direction='out' priority='-900'><udp dstportstart='30'/></rule></filter>");
  engine().bind_rules({"<filterref filter='sub'/>",
                       "<rule action='accept' direction='out' priority='900'><udp dstportstart='30'/></rule>",
                       "<rule action='drop' direction='out' priority='600'><udp dstportstart='31'/></rule>",
                       "<rule action='accept' direction='out' priority='599'><udp dstportstart='31'/></rule>"});
  EXPECT_EQ(try_udp(to_peer(30)), Result::works) << "chains mean nothing here, but root is first";
  EXPECT_EQ(try_udp(to_peer(31)), Result::works);
}

TEST_F(IpActions, TheHostItselfMeetsTheEthernetLayerOnly) {
  engine().bind_rules({"<rule action='drop' direction='in'><udp dstportstart='40'/></rule>",
                       "<rule action='drop' direction='in'><ip protocol='udp' dstportstart='41'/></rule>"});
  EXPECT_EQ(try_udp(from_peer(40), Expect::silence), Result::silent);
  EXPECT_EQ(try_udp(from_host(41), Expect::silence), Result::silent);
  // The answer of the workload meets the way back of the first rule.
  EXPECT_EQ(try_udp(from_host(40), Expect::silence), Result::silent);
  EXPECT_EQ(engine().count_in_ip_layer(Direction::out, 3), 1U) << "it was the answer that was dropped";
  EXPECT_EQ(try_udp(from_host(42)), Result::works);
}

} // namespace
} // namespace nwgate::packets
