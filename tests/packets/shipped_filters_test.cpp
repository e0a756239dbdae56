// SPDX-License-Identifier: LGPL-2.1-or-later
/// The shipped filters of libvirt's names: honest frames pass, others do not.
#include "fixture.h"

namespace nwgate::packets {
namespace {

constexpr auto other_mac = "52:54:00:00:00:0c";
constexpr auto broadcast = "ff:ff:ff:ff:ff:ff";

const Ip dhcp_discover{.src = "0.0.0.0", .dst = "255.255.255.255", .dst_mac = broadcast, .sport = 68, .dport = 67};
const Ip dhcp_offer{.src = "10.0.0.254", .dst = "10.0.0.1", .sport = 67, .dport = 68};
const Ip dhcpv6_solicit{
    .version = 6, .src = "fe80::1", .dst = "ff02::1:2", .dst_mac = "33:33:00:01:00:02", .sport = 546, .dport = 547};
const Ip dhcpv6_answer{.version = 6, .src = "fd00::fe", .dst = "fe80::1", .sport = 547, .dport = 546};

/// What QEMU sends when a VM has come from another host.
Arp announcement() {
  return {.dst_mac = broadcast,
          .opcode = 3,
          .sender_ip = "0.0.0.0",
          .target_mac = bound_mac,
          .target_ip = "0.0.0.0",
          .type = 0x8035};
}

class CleanTraffic : public KernelTest {
protected:
  void SetUp() override {
    KernelTest::SetUp();
    if (!IsSkipped() && !HasFatalFailure())
      engine().bind_with_fence("clean-traffic", {{"IP", "10.0.0.1"}});
  }
};

TEST_F(CleanTraffic, HonestFramesPass) {
  EXPECT_TRUE(out(Ip{}));
  EXPECT_TRUE(out(Ip{.protocol = IPPROTO_TCP}));
  EXPECT_TRUE(out(Arp{}));
  EXPECT_TRUE(out(Arp{.opcode = 2}));
  EXPECT_TRUE(out(dhcp_discover));
  EXPECT_TRUE(out(announcement()));
  EXPECT_TRUE(out(Ether{.type = 0x835})) << "an announcement of old";
  EXPECT_TRUE(in(mirrored(Ip{})));
  EXPECT_TRUE(in(mirrored(Arp{})));
  EXPECT_TRUE(in(dhcp_offer));
}

TEST_F(CleanTraffic, SpoofedFramesDie) {
  EXPECT_FALSE(out(Ip{.src_mac = other_mac}));
  EXPECT_FALSE(out(Ip{.src = "10.0.0.3"}));
  EXPECT_FALSE(out(Ip{.src = "0.0.0.0", .protocol = IPPROTO_TCP}));
  EXPECT_FALSE(out(Arp{.src_mac = other_mac}));
  EXPECT_FALSE(out(Arp{.sender_mac = other_mac}));
  EXPECT_FALSE(out(Arp{.sender_ip = "10.0.0.3"}));
  EXPECT_FALSE(out(Arp{.sender_ip = "0.0.0.0"}));
}

TEST_F(CleanTraffic, NothingElsePasses) {
  for (const Frame &frame : {Frame(Ip{.version = 6}), Frame(Vlan{.type = 0x0800}), Frame(Vlan{.tag = 0x88a8}),
                             Frame(Stp{}), Frame(Ether{}), Frame(Arp{.type = 0x8035})}) {
    EXPECT_FALSE(out(frame));
    EXPECT_FALSE(in(mirrored(frame)));
  }
  auto foreign = announcement();
  foreign.sender_mac = other_mac;
  EXPECT_FALSE(out(foreign));
}

TEST_F(CleanTraffic, SeveralAddresses) {
  engine().bind_with_fence("clean-traffic", {{"IP", "10.0.0.1"}, {"IP", "10.0.0.5"}});
  for (const auto *address : {"10.0.0.1", "10.0.0.5"}) {
    EXPECT_TRUE(out(Ip{.src = address}));
    EXPECT_TRUE(out(Arp{.sender_ip = address}));
  }
  EXPECT_FALSE(out(Ip{.src = "10.0.0.2"}));
  EXPECT_FALSE(out(Arp{.sender_ip = "10.0.0.2"}));
}

class ShippedFilters : public KernelTest {};

TEST_F(ShippedFilters, CleanTrafficGateway) {
  engine().bind_with_fence("clean-traffic-gateway", {{"IP", "10.0.0.1"}, {"GATEWAY_MAC", "52:54:00:00:00:fd"}});
  EXPECT_TRUE(out(Ip{.dst_mac = "52:54:00:00:00:fd"}));
  EXPECT_FALSE(out(Ip{}));
  EXPECT_FALSE(out(Ip{.src = "10.0.0.3", .dst_mac = "52:54:00:00:00:fd"}));
  EXPECT_TRUE(in(Ip{.src_mac = "52:54:00:00:00:fd", .dst_mac = bound_mac}));
  EXPECT_FALSE(in(mirrored(Ip{})));
  EXPECT_TRUE(out(Arp{}));
  EXPECT_TRUE(in(mirrored(Arp{})));
}

TEST_F(ShippedFilters, NoMacSpoofing) {
  engine().bind_with_fence("no-mac-spoofing");
  EXPECT_TRUE(out(Ether{}));
  EXPECT_FALSE(out(Ether{.src_mac = other_mac}));
  EXPECT_FALSE(out(Vlan{.src_mac = other_mac}));
  EXPECT_TRUE(in(Ether{.src_mac = other_mac}));
}

TEST_F(ShippedFilters, NoIpSpoofing) {
  engine().bind_with_fence("no-ip-spoofing", {{"IP", "10.0.0.1"}});
  EXPECT_TRUE(out(Ip{}));
  EXPECT_TRUE(out(dhcp_discover));
  EXPECT_FALSE(out(Ip{.src = "10.0.0.2"}));
  EXPECT_TRUE(out(Ip{.version = 6}));
  EXPECT_TRUE(in(Ip{.src = "10.0.0.2"}));
}

TEST_F(ShippedFilters, NoIpv6Spoofing) {
  engine().bind_with_fence("no-ipv6-spoofing", {{"IPV6", "fd00::1"}, {"IPV6", "fd00::5"}});
  EXPECT_TRUE(out(Ip{.version = 6}));
  EXPECT_TRUE(out(Ip{.version = 6, .src = "fd00::5", .protocol = IPPROTO_TCP}));
  EXPECT_FALSE(out(Ip{.version = 6, .src = "fd00::2"}));
  EXPECT_TRUE(out(dhcpv6_solicit));
  EXPECT_FALSE(out(Ip{.version = 6, .src = "fe80::1", .protocol = IPPROTO_TCP}));
  EXPECT_FALSE(out(Ip{.version = 6, .src = "::", .protocol = IPPROTO_ICMPV6, .type = 135}));
  EXPECT_TRUE(in(Ip{.version = 6, .src = "fd00::2"}));
  EXPECT_TRUE(out(Ip{.src = "10.9.9.9"}));
}

TEST_F(ShippedFilters, NoArpSpoofing) {
  engine().bind_with_fence("no-arp-spoofing", {{"IP", "10.0.0.1"}});
  EXPECT_TRUE(out(Arp{}));
  EXPECT_FALSE(out(Arp{.sender_mac = other_mac}));
  EXPECT_FALSE(out(Arp{.sender_ip = "10.0.0.2"}));
  EXPECT_TRUE(out(Ip{.src = "10.0.0.2"}));
  EXPECT_TRUE(in(Arp{.sender_mac = other_mac, .sender_ip = "10.0.0.2"}));
}

TEST_F(ShippedFilters, NoVlan) {
  engine().bind_with_fence("no-vlan");
  EXPECT_FALSE(out(Vlan{}));
  EXPECT_FALSE(in(Vlan{}));
  EXPECT_FALSE(out(Vlan{.id = 0})) << "a priority tag";
  EXPECT_FALSE(out(Vlan{.tag = 0x88a8}));
  EXPECT_FALSE(in(Vlan{.tag = 0x88a8}));
  EXPECT_TRUE(out(Ether{}));
  EXPECT_TRUE(in(Ip{}));
}

TEST_F(ShippedFilters, NoIpv6Ra) {
  engine().bind_with_fence("no-ipv6-ra");
  const auto message = [](int type, std::vector<std::uint8_t> extensions = {}) {
    return Ip{.version = 6, .protocol = IPPROTO_ICMPV6, .type = type, .extensions = std::move(extensions)};
  };
  EXPECT_FALSE(out(message(134)));
  EXPECT_FALSE(out(message(134, {IPPROTO_HOPOPTS}))) << "behind an extension header";
  EXPECT_FALSE(out(message(134, {IPPROTO_DSTOPTS, IPPROTO_DSTOPTS})));
  EXPECT_TRUE(out(message(133)));
  EXPECT_TRUE(out(message(135)));
  EXPECT_TRUE(in(message(134)));
}

TEST_F(ShippedFilters, AllowDhcp) {
  engine().bind_rules({"<filterref filter='allow-dhcp'/>"});
  EXPECT_TRUE(out(dhcp_discover));
  EXPECT_TRUE(in(dhcp_offer));
}

/// The end of the chain lets all IPv4 pass, so that a rule in it must say what is left.
TEST_F(ShippedFilters, AllowDhcpServer) {
  engine().write_filter(
      "rest", "<filter name='rest' chain='ipv4'><rule action='drop' direction='inout' priority='900'/></filter>");
  const std::vector<std::string> rules = {"<filterref filter='allow-dhcp-server'/>", "<filterref filter='rest'/>"};
  engine().bind_rules(rules, {{"DHCPSERVER", "10.0.0.254"}, {"DHCPSERVER", "10.0.0.253"}});
  EXPECT_TRUE(out(dhcp_discover));
  EXPECT_TRUE(in(dhcp_offer));
  auto offer = dhcp_offer;
  offer.src = "10.0.0.253";
  EXPECT_TRUE(in(offer));
  offer.src = "10.0.0.66";
  EXPECT_FALSE(in(offer)) << "a server that is not listed";
  EXPECT_FALSE(out(Ip{}));
  EXPECT_FALSE(out(dhcp_offer)) << "the VM plays the server";
}

TEST_F(ShippedFilters, AllowDhcpv6Server) {
  engine().write_filter(
      "rest", "<filter name='rest' chain='ipv6'><rule action='drop' direction='inout' priority='900'/></filter>");
  engine().bind_rules({"<filterref filter='allow-dhcpv6-server'/>", "<filterref filter='rest'/>"},
                      {{"DHCPSERVER", "fd00::fe"}});
  EXPECT_TRUE(out(dhcpv6_solicit));
  EXPECT_TRUE(in(dhcpv6_answer));
  auto answer = dhcpv6_answer;
  answer.src = "fd00::66";
  EXPECT_FALSE(in(answer));
  EXPECT_FALSE(out(Ip{.version = 6}));
  engine().bind_rules({"<filterref filter='allow-dhcpv6'/>", "<filterref filter='rest'/>"});
  EXPECT_TRUE(out(dhcpv6_solicit));
  EXPECT_TRUE(in(answer)) << "from any server";
}

TEST_F(ShippedFilters, ListsOfPermissions) {
  const auto bind = [&](const std::string &filter) {
    engine().bind_rules({"<filterref filter='" + filter + "'/>", "<filterref filter='no-other-l2-traffic'/>"});
  };
  bind("allow-arp");
  EXPECT_TRUE(out(Arp{}) && in(Arp{}));
  EXPECT_FALSE(out(Ip{}) || in(Ip{}));
  bind("allow-ipv4");
  EXPECT_TRUE(out(Ip{}) && in(Ip{}));
  EXPECT_FALSE(out(Arp{}) || out(Ip{.version = 6}));
  bind("allow-ipv6");
  EXPECT_TRUE(out(Ip{.version = 6}) && in(Ip{.version = 6}));
  EXPECT_FALSE(out(Ip{}));
  bind("allow-incoming-ipv4");
  EXPECT_TRUE(in(Ip{}));
  EXPECT_FALSE(out(Ip{}) || in(Arp{}));
  bind("allow-incoming-ipv6");
  EXPECT_TRUE(in(Ip{.version = 6}));
  EXPECT_FALSE(out(Ip{.version = 6}) || in(Ip{}));
}

TEST_F(ShippedFilters, NoBroadcastNoMulticast) {
  engine().bind_with_fence("no-mac-broadcast");
  EXPECT_FALSE(out(Ip{.dst_mac = broadcast}));
  EXPECT_TRUE(out(Ip{}));
  EXPECT_TRUE(out(Arp{.dst_mac = broadcast}));
  EXPECT_TRUE(in(Ip{.dst_mac = broadcast}));
  engine().bind_with_fence("no-ip-multicast");
  EXPECT_FALSE(out(Ip{.dst = "224.0.0.1", .dst_mac = "01:00:5e:00:00:01"}));
  EXPECT_FALSE(out(Ip{.dst = "239.255.255.255"}));
  EXPECT_TRUE(out(Ip{.dst = "223.255.255.255"}));
  EXPECT_TRUE(in(Ip{.dst = "224.0.0.1"}));
  engine().bind_with_fence("no-ipv6-multicast");
  EXPECT_FALSE(out(Ip{.version = 6, .dst = "ff02::1"}));
  EXPECT_TRUE(out(Ip{.version = 6, .dst = "fe80::1"}));
  EXPECT_TRUE(in(Ip{.version = 6, .dst = "ff02::1"}));
}

TEST_F(ShippedFilters, QemuAnnounceSelf) {
  engine().bind_with_fence("qemu-announce-self");
  EXPECT_TRUE(out(announcement()));
  EXPECT_FALSE(out(Arp{.type = 0x8035}));
  auto other = announcement();
  other.target_mac = other_mac;
  EXPECT_FALSE(out(other));
  EXPECT_FALSE(in(Arp{.type = 0x8035}));
  EXPECT_TRUE(out(Arp{}));
}

} // namespace
} // namespace nwgate::packets
