// SPDX-License-Identifier: LGPL-2.1-or-later
// Rules of programs in the tools' terms. Programs are written in their text form, rules read as the tools
// print them.

#include "drivers/xtables/codec.h"
#include "drivers/xtables/lower_bridge.h"
#include "drivers/xtables/lower_ip.h"
#include "engine/program/text_form.h"

#include <gtest/gtest.h>

namespace nwgate::xtables {
namespace {

ProgramRule rule_of(const std::string &text) {
  const auto program = parse_program("chain ipv4 out \"root\" 0 end accept\n  " + text + "\n");
  if (const auto *why = std::get_if<std::string>(&program))
    throw std::runtime_error(*why);
  return std::get<Program>(program).chains.at(0).rules.at(0);
}

/// The rules, and behind `|` those of a chain that they need.
std::string bridge(const std::string &text) {
  const auto lowered = lower_bridge(rule_of(text), "I-vnet0-arp", "I-vnet0-dscp0");
  if (const auto *why = std::get_if<std::string>(&lowered))
    return *why;
  std::string shown;
  const auto add = [&](const std::vector<Rule> &rules, const char *separator) {
    for (const auto &rule : rules) {
      shown += (shown.empty() ? "" : separator) + to_save_text(rule, Family::bridge);
      separator = "; ";
    }
  };
  add(std::get<BridgeRules>(lowered).rules, "; ");
  add(std::get<BridgeRules>(lowered).side_chain, " | ");
  return shown;
}

std::string ip(const std::string &text, Direction direction = Direction::in, Family family = Family::ip) {
  const auto lowered = lower_ip(rule_of(text), direction);
  const auto *why = std::get_if<std::string>(&lowered);
  return why != nullptr ? *why : to_save_text(std::get<Rule>(lowered), family);
}

TEST(LowerBridge, Verdicts) {
  EXPECT_EQ(bridge("accept"), "-j ACCEPT");
  EXPECT_EQ(bridge("drop"), "-j DROP");
  EXPECT_EQ(bridge("return"), "-j RETURN");
  EXPECT_EQ(bridge("continue"), "-j CONTINUE");
  EXPECT_EQ(bridge("ether.type 0x0806, jump \"arp\""), "-p ARP -j I-vnet0-arp");
}

TEST(LowerBridge, AddressesAreMasked) {
  EXPECT_EQ(bridge("ether.src 02:11:22:33:44:55/ff:ff:ff:00:00:00, drop"),
            "-s 02:11:22:00:00:00/ff:ff:ff:00:00:00 -j DROP");
  EXPECT_EQ(bridge("ether.type 0x0800, ip.saddr 192.0.2.77/26, drop"), "-p IPv4 --ip-src 192.0.2.64/26 -j DROP");
  EXPECT_EQ(bridge("ether.type 0x86dd, ip6.daddr 2001:db8::1/32, drop"), "-p IPv6 --ip6-dst 2001:db8::/32 -j DROP");
}

TEST(LowerBridge, MatchesOfOneKindBecomeOne) {
  EXPECT_EQ(bridge("ether.type 0x0800, ip.protocol 17, th.dport 53, not ip.saddr 192.0.2.1, drop"),
            "-p IPv4 --ip-src ! 192.0.2.1 --ip-proto udp --ip-dport 53 -j DROP");
  EXPECT_EQ(bridge("ether.type 0x86dd, ip6.protocol 6, th.sport 1-9, drop"),
            "-p IPv6 --ip6-proto tcp --ip6-sport 1:9 -j DROP");
  EXPECT_EQ(bridge("ether.type 0x86dd, ip6.protocol 58, icmp6.type 133-137/0-0, drop"),
            "-p IPv6 --ip6-proto ipv6-icmp --ip6-icmp-type 133:137/0 -j DROP");
}

TEST(LowerBridge, ADscpTakesARuleForEachEcn) {
  EXPECT_EQ(bridge("ether.type 0x0800, ip.dscp 10, ip.saddr 192.0.2.1, return"),
            "-p IPv4 --ip-src 192.0.2.1 --ip-tos 0x28 -j RETURN; -p IPv4 --ip-src 192.0.2.1 --ip-tos 0x29 -j "
            "RETURN; "
            "-p IPv4 --ip-src 192.0.2.1 --ip-tos 0x2A -j RETURN; -p IPv4 --ip-src 192.0.2.1 --ip-tos 0x2B -j "
            "RETURN");
  EXPECT_EQ(
      bridge("ether.type 0x0800, ip.saddr 192.0.2.1, not ip.dscp 10, drop"),
      "-p IPv4 --ip-src 192.0.2.1 -j I-vnet0-dscp0 | -p IPv4 --ip-tos 0x28 -j RETURN; -p IPv4 --ip-tos 0x29 -j RETURN; "
      "-p IPv4 --ip-tos 0x2A -j RETURN; -p IPv4 --ip-tos 0x2B -j RETURN; -j DROP");
  EXPECT_EQ(bridge("ether.type 0x0800, not ip.dscp 10, return"),
            "ebtables compares the whole TOS byte: 'return' cannot depend on a packet not having a DSCP");
}

TEST(LowerBridge, RefusesWhatEbtablesCannotSee) {
  EXPECT_EQ(bridge("ct.state new, drop"), "ebtables has no match for ct.state");
  EXPECT_EQ(bridge("set.lookup \"a\"/\"src\", drop"), "ebtables has no match for set.lookup");
}

TEST(LowerIp, AcceptReturnsOnTheWayOut) {
  EXPECT_EQ(ip("accept", Direction::out), "-j RETURN") << "the chains of the receiving port come yet";
  EXPECT_EQ(ip("accept", Direction::in), "-j ACCEPT");
  for (const auto direction : {Direction::out, Direction::in}) {
    EXPECT_EQ(ip("drop", direction), "-j DROP");
    EXPECT_EQ(ip("return", direction), "-j RETURN");
    EXPECT_EQ(ip("continue", direction), "");
    EXPECT_EQ(ip("reject", direction), "-j REJECT --reject-with icmp-port-unreachable");
  }
}

TEST(LowerIp, PortsAndFlagsBelongToTheProtocol) {
  EXPECT_EQ(ip("ip.protocol 6, tcp.flags syn/syn|ack, not th.sport 1-9, tcp.option 2, drop"),
            "-p tcp -m tcp ! --sport 1:9 --tcp-option 2 --tcp-flags SYN,ACK SYN -j DROP");
  EXPECT_EQ(ip("ip.protocol 17, th.dport 53, drop"), "-p udp -m udp --dport 53 -j DROP");
  EXPECT_EQ(ip("ip.protocol 132, th.dport 53, drop"), "-p sctp -m sctp --dport 53 -j DROP");
  EXPECT_EQ(ip("ip.protocol 50, th.dport 53, drop"), "iptables has no port numbers for protocol 50");
}

TEST(LowerIp, Addresses) {
  EXPECT_EQ(ip("ip.saddr 192.0.2.77/26, not ip.daddr 198.51.100.1, drop"),
            "-s 192.0.2.64/26 ! -d 198.51.100.1/32 -j DROP");
  EXPECT_EQ(ip("not ip.saddr 192.0.2.1-192.0.2.9, drop"), "-m iprange ! --src-range 192.0.2.1-192.0.2.9 -j DROP");
  EXPECT_EQ(ip("ip6.daddr 2001:db8::1-2001:db8::9, drop", Direction::in, Family::ip6),
            "-m iprange --dst-range 2001:db8::1-2001:db8::9 -j DROP");
  EXPECT_EQ(ip("ether.src 02:00:00:00:00:01, drop"), "-m mac --mac-source 02:00:00:00:00:01 -j DROP");
}

TEST(LowerIp, ConnectionsSetsAndTheRest) {
  EXPECT_EQ(ip("ct.state new|established|related|invalid, ct.direction reply, drop"),
            "-m conntrack --ctstate INVALID,NEW,RELATED,ESTABLISHED -m conntrack --ctdir REPLY -j DROP");
  EXPECT_EQ(ip("not set.lookup \"a\"/\"src,dst\", drop"), "-m set ! --match-set a src,dst -j DROP");
  EXPECT_EQ(ip("ct.count 3, drop"), "-m connlimit --connlimit-above 3 --connlimit-mask 32 --connlimit-saddr -j DROP");
  EXPECT_EQ(ip("ip.protocol 1, icmp.type 3/1, drop"), "-p icmp -m icmp --icmp-type 3/1 -j DROP");
  EXPECT_EQ(ip("ip6.protocol 58, not icmp6.type 128, drop", Direction::in, Family::ip6),
            "-p ipv6-icmp -m icmp6 ! --icmpv6-type 128 -j DROP");
  EXPECT_EQ(ip("ip.dscp 46, drop comment \"a b\""), "-m dscp --dscp 0x2e -m comment --comment \"a b\" -j DROP");
}

TEST(LowerIp, RefusesWhatIptablesCannotSee) {
  EXPECT_EQ(ip("arp.op 1, drop"), "iptables has no match for arp.op");
  EXPECT_EQ(ip("ether.dst 02:00:00:00:00:01, drop"), "iptables has no match for ether.dst");
}

} // namespace
} // namespace nwgate::xtables
