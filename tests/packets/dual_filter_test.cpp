// SPDX-License-Identifier: LGPL-2.1-or-later
/// clean-traffic-dual: what a VM may say in IPv6.
#include "fixture.h"

namespace nwgate::packets {
namespace {

class CleanTrafficDual : public KernelTest {
protected:
  void SetUp() override {
    KernelTest::SetUp();
    if (!IsSkipped() && !HasFatalFailure())
      engine().bind_with_fence("clean-traffic-dual", {{"IP", "10.0.0.1"}, {"IPV6", "fd00::1"}, {"IPV6", "fd00::5"}});
  }

  /// An ICMPv6 message of the VM passes.
  bool says(const char *source, const char *destination, int type, std::vector<std::uint8_t> extensions = {}) {
    return out(Ip{.version = 6,
                  .src = source,
                  .dst = destination,
                  .protocol = IPPROTO_ICMPV6,
                  .type = type,
                  .extensions = std::move(extensions)});
  }
};

constexpr int router_solicitation = 133;
constexpr int router_advertisement = 134;
constexpr int neighbour_solicitation = 135;
constexpr int neighbour_advertisement = 136;
constexpr int redirect = 137;
constexpr int multicast_report = 143;
constexpr auto solicited_node = "ff02::1:ff00:1";

TEST_F(CleanTrafficDual, OwnAddressesMaySendAnything) {
  for (const auto *address : {"fd00::1", "fd00::5"}) {
    EXPECT_TRUE(out(Ip{.version = 6, .src = address}));
    EXPECT_TRUE(out(Ip{.version = 6, .src = address, .protocol = IPPROTO_TCP}));
    EXPECT_TRUE(says(address, solicited_node, neighbour_solicitation));
    EXPECT_TRUE(says(address, "fd00::2", neighbour_advertisement));
  }
}

TEST_F(CleanTrafficDual, OtherAddressesMayNot) {
  EXPECT_FALSE(out(Ip{.version = 6, .src = "fd00::2"}));
  EXPECT_FALSE(says("fd00::2", "fd00::9", 128));
  EXPECT_FALSE(says("fd00::2", solicited_node, neighbour_solicitation));
  EXPECT_FALSE(says("fd00::2", "ff02::1", neighbour_advertisement));
  EXPECT_FALSE(out(Ip{.version = 6, .src_mac = "52:54:00:00:00:0c"}));
}

TEST_F(CleanTrafficDual, NobodyIsARouter) {
  for (const auto *address : {"fd00::1", "fe80::1"}) {
    EXPECT_FALSE(says(address, "ff02::1", router_advertisement));
    EXPECT_FALSE(says(address, "ff02::1", router_advertisement, {IPPROTO_DSTOPTS}));
    EXPECT_FALSE(says(address, "fd00::2", redirect));
  }
}

TEST_F(CleanTrafficDual, TheUnspecifiedAddressDetectsDuplicates) {
  EXPECT_TRUE(says("::", solicited_node, neighbour_solicitation));
  EXPECT_TRUE(says("::", "ff02::2", router_solicitation));
  EXPECT_TRUE(says("::", "ff02::16", multicast_report));
  EXPECT_TRUE(says("::", "ff02::16", multicast_report, {IPPROTO_HOPOPTS}));
  EXPECT_TRUE(says("::", "ff02::1:ff00:1", 131));
  EXPECT_TRUE(says("::", "ff02::2", 132));
  EXPECT_FALSE(says("::", "fd00::2", neighbour_solicitation));
  EXPECT_FALSE(says("::", "ff02::1", neighbour_advertisement));
  EXPECT_FALSE(says("::", "fd00::2", 128));
  EXPECT_FALSE(out(Ip{.version = 6, .src = "::"}));
}

TEST_F(CleanTrafficDual, LinkLocalAddressesFindNeighbours) {
  for (const int type : {1, 2, 3, 4, 128, 129, 131, 132, router_solicitation, neighbour_solicitation,
                         neighbour_advertisement, multicast_report})
    EXPECT_TRUE(says("fe80::1", "ff02::1", type)) << type;
  for (const int type : {0, 5, 127, 130, router_advertisement, redirect, 138, 144})
    EXPECT_FALSE(says("fe80::1", "ff02::1", type)) << type;
  EXPECT_TRUE(out(Ip{.version = 6, .src = "fe80::1", .dst = "ff02::1:2", .sport = 546, .dport = 547}));
  EXPECT_FALSE(out(Ip{.version = 6, .src = "fe80::1", .dst = "ff02::1:2", .sport = 547, .dport = 546}));
  EXPECT_FALSE(out(Ip{.version = 6, .src = "fe80::1", .dst = "ff02::fb", .sport = 5353, .dport = 5353}));
  EXPECT_FALSE(out(Ip{.version = 6, .src = "fe80::1", .protocol = IPPROTO_TCP}));
}

TEST_F(CleanTrafficDual, WhatReachesTheVmIsNotChecked) {
  EXPECT_TRUE(in(Ip{.version = 6, .src = "fd00::9"}));
  EXPECT_TRUE(in(Ip{.version = 6, .src = "fe80::9", .protocol = IPPROTO_ICMPV6, .type = router_advertisement}));
  EXPECT_TRUE(in(Ip{.src = "10.9.9.9"}));
  EXPECT_FALSE(in(Ether{}));
  EXPECT_FALSE(in(Vlan{.type = 0x86dd}));
}

TEST_F(CleanTrafficDual, Ipv4IsThatOfCleanTraffic) {
  EXPECT_TRUE(out(Ip{}));
  EXPECT_TRUE(out(Arp{}));
  EXPECT_FALSE(out(Ip{.src = "10.0.0.2"}));
  EXPECT_FALSE(out(Arp{.sender_ip = "10.0.0.2"}));
  EXPECT_FALSE(out(Ether{}));
  EXPECT_FALSE(out(Vlan{.type = 0x86dd}));
}

} // namespace
} // namespace nwgate::packets
