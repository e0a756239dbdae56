// SPDX-License-Identifier: LGPL-2.1-or-later
/// Sets of the host.
#include "fixture.h"

namespace nwgate::packets {
namespace {

class Sets : public KernelTest {
protected:
  void SetUp() override {
    KernelTest::SetUp();
    if (IsSkipped() || HasFatalFailure())
      return;
    must_run({"ipset", "restore"},
             "create hosts hash:ip\nadd hosts 10.0.5.5\n"
             "create nets hash:net\nadd nets 10.6.0.0/16\n"
             "create services hash:ip,port\nadd services 10.0.5.5,tcp:80\n"
             "create pairs hash:ip,port,ip\nadd pairs 10.1.0.1,udp:80,10.2.0.1\n"
             "create six hash:ip family inet6\nadd six fd00::55\n"
             "create macs bitmap:ip,mac range 10.0.0.0/24\nadd macs 10.0.0.1,52:54:00:00:00:77\n");
  }
  void accept(const std::string &direction, const std::string &element) {
    engine().bind_rules(
        {"<rule action='accept' statematch='false' direction='" + direction + "'>" + element + "</rule>", drop_all,
         drop_all_ipv6});
  }
};

TEST_F(Sets, OfAddresses) {
  accept("out", "<all ipset='hosts' ipsetflags='src'/>");
  EXPECT_TRUE(out(Ip{.src = "10.0.5.5"}));
  EXPECT_FALSE(out(Ip{.dst = "10.0.5.5"}));
  EXPECT_TRUE(in(Ip{.dst = "10.0.5.5"})) << "turned round on the way back";
  EXPECT_FALSE(in(Ip{.src = "10.0.5.5"}));
  accept("out", "<udp ipset='hosts' ipsetflags='dst'/>");
  EXPECT_TRUE(out(Ip{.dst = "10.0.5.5"}));
  EXPECT_FALSE(out(Ip{.src = "10.0.5.5"}));
  EXPECT_FALSE(out(Ip{.dst = "10.0.5.5", .protocol = IPPROTO_TCP}));
  EXPECT_TRUE(in(Ip{.src = "10.0.5.5"}));
}

TEST_F(Sets, ChangeUnderTheRules) {
  accept("out", "<all ipset='hosts'/>");
  EXPECT_FALSE(out(Ip{.src = "10.0.5.6"}));
  must_run({"ipset", "add", "hosts", "10.0.5.6"});
  EXPECT_TRUE(out(Ip{.src = "10.0.5.6"}));
  must_run({"ipset", "del", "hosts", "10.0.5.6"});
  EXPECT_FALSE(out(Ip{.src = "10.0.5.6"}));
}

TEST_F(Sets, OfNetworks) {
  accept("in", "<all ipset='nets' ipsetflags='src'/>");
  EXPECT_TRUE(in(Ip{.src = "10.6.255.255"}));
  EXPECT_FALSE(in(Ip{.src = "10.7.0.0"}));
  EXPECT_FALSE(in(Ip{.dst = "10.6.0.1"}));
  EXPECT_TRUE(out(Ip{.dst = "10.6.0.1"}));
}

TEST_F(Sets, OfAddressesAndPorts) {
  const Ip request{.dst = "10.0.5.5", .protocol = IPPROTO_TCP, .dport = 80};
  accept("out", "<tcp ipset='services' ipsetflags='dst,dst'/>");
  EXPECT_TRUE(out(request));
  EXPECT_TRUE(in(mirrored(request)));
  EXPECT_FALSE(out(Ip{.dst = "10.0.5.5", .protocol = IPPROTO_TCP, .dport = 81}));
  EXPECT_FALSE(out(Ip{.dst = "10.0.5.6", .protocol = IPPROTO_TCP, .dport = 80}));
  EXPECT_FALSE(out(Ip{.dst = "10.0.5.5", .protocol = IPPROTO_TCP, .sport = 80}));
  accept("out", "<tcp ipset='services' ipsetflags='dst,src'/>");
  EXPECT_FALSE(out(request));
  EXPECT_TRUE(out(Ip{.dst = "10.0.5.5", .protocol = IPPROTO_TCP, .sport = 80}));
  EXPECT_TRUE(in(Ip{.src = "10.0.5.5", .protocol = IPPROTO_TCP, .dport = 80}));
}

TEST_F(Sets, OfPairs) {
  const Ip request{.src = "10.1.0.1", .dst = "10.2.0.1", .dport = 80};
  const Ip other_way{.src = "10.2.0.1", .dst = "10.1.0.1", .dport = 80};
  accept("out", "<all ipset='pairs' ipsetflags='src,dst,dst'/>");
  EXPECT_TRUE(out(request));
  EXPECT_FALSE(out(other_way));
  EXPECT_TRUE(in(mirrored(request)));
  accept("out", "<all ipset='pairs' ipsetflags='dst,dst,src'/>");
  EXPECT_FALSE(out(request));
  EXPECT_TRUE(out(other_way));
  EXPECT_TRUE(in(mirrored(other_way)));
  EXPECT_FALSE(in(other_way));
}

TEST_F(Sets, OfMacAddresses) {
  engine().bind_rules(
      {"<rule action='accept' direction='out'><all state='NONE' ipset='macs' ipsetflags='src,src'/></rule>", drop_all});
  EXPECT_TRUE(out(Ip{.src_mac = "52:54:00:00:00:77"}));
  EXPECT_FALSE(out(Ip{.src = "10.0.0.3", .src_mac = "52:54:00:00:00:77"}));
  EXPECT_FALSE(out(Ip{}));
}

TEST_F(Sets, OfIpv6) {
  accept("out", "<tcp-ipv6 ipset='six' ipsetflags='dst'/>");
  EXPECT_TRUE(out(Ip{.version = 6, .dst = "fd00::55", .protocol = IPPROTO_TCP}));
  EXPECT_FALSE(out(Ip{.version = 6, .dst = "fd00::56", .protocol = IPPROTO_TCP}));
}

TEST_F(Sets, Negated) {
  accept("out", "<all match='no' ipset='hosts' ipsetflags='dst'/>");
  EXPECT_FALSE(out(Ip{.dst = "10.0.5.5"}));
  EXPECT_TRUE(out(Ip{.dst = "10.0.5.6"}));
  EXPECT_FALSE(in(Ip{.src = "10.0.5.5"}));
  EXPECT_TRUE(in(Ip{.src = "10.0.5.6"}));
}

TEST_F(Sets, ThatAreNotThereAreRefused) {
  engine().write_rules("test", {"<rule action='accept' direction='out'><all ipset='nosuch' ipsetflags='dst'/></rule>"});
  const auto outcome = engine().bind("v0", "test");
  EXPECT_NE(outcome.status, 0);
  EXPECT_NE(outcome.errors.find("nosuch"), std::string::npos) << outcome.errors;
  EXPECT_NE(outcome.errors.find("test.xml:2:"), std::string::npos) << outcome.errors;
}

} // namespace
} // namespace nwgate::packets
