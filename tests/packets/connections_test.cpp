// SPDX-License-Identifier: LGPL-2.1-or-later
/// Connections of real network stacks, and what rules make of their state.
#include "fixture.h"

namespace nwgate::packets {
namespace {

class Connections : public ConnectionTest {
protected:
  /// The state that conntrack gives a packet of IPv4 that the workload sends, by the rule that accepts it.
  static std::vector<std::string> one_rule_a_state() {
    return {"<rule action='accept' direction='out' priority='1'><all state='NEW'/></rule>",
            "<rule action='accept' direction='out' priority='2'><all state='ESTABLISHED'/></rule>",
            "<rule action='accept' direction='out' priority='3'><all state='RELATED'/></rule>",
            "<rule action='accept' direction='out' priority='4'><all state='INVALID'/></rule>"};
  }
};

TEST_F(Connections, AcceptOutLetsAnswersIn) {
  engine().bind_rules({"<rule action='accept' direction='out'><tcp dstportstart='80'/></rule>",
                       "<rule action='accept' direction='out'><udp dstportstart='53'/></rule>", drop_all});
  EXPECT_EQ(try_tcp(to_peer(80)), Result::works);
  EXPECT_EQ(try_udp(to_peer(53)), Result::works);
  EXPECT_EQ(try_tcp(to_host(80)), Result::works);
  EXPECT_EQ(try_udp(to_host(53)), Result::works);
  EXPECT_EQ(try_tcp(to_peer(81), Expect::silence), Result::silent);
  EXPECT_EQ(try_udp(to_peer(80), Expect::silence), Result::silent);
  EXPECT_EQ(try_tcp(to_host(81), Expect::silence), Result::silent);
  EXPECT_EQ(try_udp(to_host(54), Expect::silence), Result::silent);
}

TEST_F(Connections, NobodyConnectsBack) {
  engine().bind_rules({"<rule action='accept' direction='out'><tcp dstportstart='80'/></rule>",
                       "<rule action='accept' direction='out'><udp dstportstart='53'/></rule>", drop_all});
  EXPECT_EQ(try_tcp(from_peer(8080, 80), Expect::silence), Result::silent) << "from port 80 to the workload";
  EXPECT_EQ(try_udp(from_peer(5353, 53), Expect::silence), Result::silent);
  EXPECT_EQ(try_tcp(from_peer(80), Expect::silence), Result::silent);
}

TEST_F(Connections, AcceptInLetsTheWorkloadAnswer) {
  engine().bind_rules({"<rule action='accept' direction='in'><tcp dstportstart='22'/></rule>", drop_all});
  EXPECT_EQ(try_tcp(from_peer(22)), Result::works);
  EXPECT_EQ(try_tcp(from_host(22)), Result::works) << "the answers to the host pass as well";
  EXPECT_EQ(try_tcp(to_peer(8080, 22), Expect::silence), Result::silent) << "from the workload's port 22";
  EXPECT_EQ(try_tcp(to_peer(22), Expect::silence), Result::silent);
  EXPECT_EQ(try_tcp(from_peer(23), Expect::silence), Result::silent);
}

TEST_F(Connections, OverIpv6) {
  engine().bind_rules({"<rule action='accept' direction='out'><tcp-ipv6 dstportstart='80'/></rule>",
                       "<rule action='accept' direction='in'><udp-ipv6 dstportstart='53'/></rule>", drop_all_ipv6});
  EXPECT_EQ(try_tcp(to_peer_v6(80)), Result::works);
  EXPECT_EQ(try_tcp(to_host_v6(80)), Result::works);
  EXPECT_EQ(try_udp(from_peer_v6(53)), Result::works);
  EXPECT_EQ(try_tcp(from_peer_v6(80), Expect::silence), Result::silent);
  EXPECT_EQ(try_udp(to_peer_v6(53), Expect::silence), Result::silent);
  EXPECT_EQ(try_tcp(to_host_v6(81), Expect::silence), Result::silent);
  EXPECT_EQ(try_tcp(to_peer(81)), Result::works) << "IPv4 is left alone";
}

TEST_F(Connections, GoOnUnderNewRules) {
  Connection connection;
  ASSERT_EQ(open_tcp(to_peer(80), Expect::success, connection), Result::works);
  engine().bind_rules({"<rule action='accept' direction='out'><tcp dstportstart='80'/></rule>", drop_all});
  EXPECT_TRUE(still_talks(connection));
  engine().bind_rules({"<rule action='accept' direction='out'><tcp dstportstart='81'/></rule>", drop_all});
  EXPECT_FALSE(still_talks(connection, Expect::silence));
  engine().unbind("v0");
  EXPECT_TRUE(still_talks(connection));
}

TEST_F(Connections, StatesWithAnswersOfTheirOwn) {
  engine().bind_rules({"<rule action='accept' direction='out'><tcp state='NEW,ESTABLISHED' dstportstart='80'/></rule>",
                       "<rule action='accept' direction='in'><tcp state='ESTABLISHED' srcportstart='80'/></rule>",
                       "<rule action='accept' direction='out'><tcp state='NEW,ESTABLISHED' dstportstart='81'/></rule>",
                       drop_all});
  EXPECT_EQ(try_tcp(to_peer(80)), Result::works);
  EXPECT_EQ(try_tcp(to_peer(81), Expect::silence), Result::silent) << "nothing lets the answer in";
  EXPECT_EQ(try_tcp(from_peer(8080, 80), Expect::silence), Result::silent);
}

TEST_F(Connections, ErrorsAreRelated) {
  const Ip request{.sport = 1000, .dport = 9};
  const Ip error{
      .src = "10.0.0.2", .dst = "10.0.0.1", .protocol = IPPROTO_ICMP, .type = 3, .code = 3, .quoted = {request}};
  const Ip unrelated{.src = "10.0.0.2",
                     .dst = "10.0.0.1",
                     .protocol = IPPROTO_ICMP,
                     .type = 3,
                     .code = 3,
                     .quoted = {Ip{.sport = 1001, .dport = 9}}};
  engine().bind_rules({"<rule action='accept' direction='out'><udp dstportstart='9'/></rule>",
                       "<rule action='accept' direction='in'><icmp state='RELATED'/></rule>", drop_all});
  EXPECT_TRUE(out(request));
  EXPECT_TRUE(in(error));
  EXPECT_FALSE(in(unrelated));
  EXPECT_FALSE(in(Ip{.protocol = IPPROTO_ICMP}));
  engine().bind_rules({"<rule action='accept' direction='out'><udp dstportstart='9'/></rule>",
                       "<rule action='accept' direction='in'><icmp/></rule>", drop_all});
  EXPECT_FALSE(in(error)) << "related is neither new nor established";
}

TEST_F(Connections, ConntracksStatesAreTold) {
  engine().bind_rules(one_rule_a_state());
  EXPECT_TRUE(out(Ip{}));
  EXPECT_EQ(engine().count_in_ip_layer(Direction::out, 3), 1U);
  EXPECT_TRUE(out(Ip{}));
  EXPECT_EQ(engine().count_in_ip_layer(Direction::out, 3), 2U) << "new until there is an answer";
  EXPECT_TRUE(in(mirrored(Ip{})));
  EXPECT_TRUE(out(Ip{}));
  EXPECT_EQ(engine().count_in_ip_layer(Direction::out, 4), 1U);
  const Ip error{.protocol = IPPROTO_ICMP, .type = 3, .code = 3, .quoted = {std::get<Ip>(mirrored(Ip{}))}};
  EXPECT_TRUE(out(error));
  EXPECT_EQ(engine().count_in_ip_layer(Direction::out, 5), 1U);
  EXPECT_TRUE(out(Ip{.bad_checksum = true}));
  EXPECT_TRUE(out(Ip{.protocol = IPPROTO_TCP, .flags = syn | fin}));
  EXPECT_EQ(engine().count_in_ip_layer(Direction::out, 6), 2U);
}

TEST_F(Connections, DropOfAState) {
  engine().bind_rules({"<rule action='drop' direction='out'><tcp state='NEW' dstportstart='80'/></rule>",
                       "<rule action='drop' direction='inout'><all state='INVALID'/></rule>"});
  EXPECT_EQ(try_tcp(to_peer(80), Expect::silence), Result::silent);
  EXPECT_EQ(try_tcp(from_peer(8080, 80)), Result::works);
  EXPECT_EQ(try_tcp(to_peer(81)), Result::works);
  EXPECT_FALSE(out(Ip{.bad_checksum = true}));
  EXPECT_FALSE(in(Ip{.bad_checksum = true}));
  EXPECT_TRUE(in(Ip{}));
}

/// The kernel (nf_conntrack_proto_udp.c) checks them as if they were UDP's. A rule for UDPLITE that looks at states, as
/// `accept` does by itself, thus lets nothing through where it checks at all.
TEST_F(Connections, UdpliteChecksums) {
  engine().bind_rules({"<rule action='accept' direction='out'><udplite/></rule>", drop_all});
  EXPECT_FALSE(out(Ip{.protocol = IPPROTO_UDPLITE}));
  set_sysctl("netfilter/nf_conntrack_checksum", "0");
  EXPECT_TRUE(out(Ip{.protocol = IPPROTO_UDPLITE}));
}

} // namespace
} // namespace nwgate::packets
