// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/explain/explain.h"

#include "engine/explain/packet_words.h"
#include "engine/program/text_form.h"
#include "tests/support/documents.h"

#include <gtest/gtest.h>
#include <sstream>

namespace nwgate::test {
namespace {

std::variant<Packet, std::string> read(const std::string &text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;)
    words.push_back(word);
  return parse_packet(words, {.workload = {{0x02, 0, 0, 0, 0, 1}}});
}

Packet packet(const std::string &text) {
  auto result = read(text);
  if (const auto *why = std::get_if<std::string>(&result))
    throw std::runtime_error(*why);
  return std::get<Packet>(std::move(result));
}

/// A program with the chains and rules of its text form.
ClosedProgram program(const std::string &chains) {
  auto result = parse_program("program \"x\"\n" + chains);
  if (const auto *why = std::get_if<std::string>(&result))
    throw std::runtime_error(*why);
  return {std::get<Program>(std::move(result))};
}

ClosedProgram one_rule(const std::string &chain, const std::string &matches) {
  return program("chain " + chain + " \"root\" 0 end accept\n  " + matches + ", drop @ \"f.xml\":1:1 in \"f\"\n");
}

bool matches(const std::string &chain, const std::string &rule, const Packet &subject) {
  const auto closed = one_rule(chain, rule);
  return explain_packet(closed, subject).verdict == VerdictKind::drop;
}
bool matches(const std::string &chain, const std::string &rule, const std::string &words) {
  return matches(chain, rule, packet(words));
}

TEST(Explain, ChainsAreWalkedAsTheKernelDoes) {
  const auto closed = program("chain ethernet out \"root\" 0 end accept\n"
                              "  jump \"mac\"\n"
                              "  ether.type 0x0806, accept @ \"f.xml\":5:1 in \"f\"\n"
                              "  drop @ \"f.xml\":6:1 in \"f\"\n"
                              "chain ethernet out \"mac\" -800 end accept\n"
                              "  ether.src 02:00:00:00:00:01, return @ \"f.xml\":3:1 in \"f\"\n"
                              "  continue @ \"f.xml\":4:1 in \"f\"\n");
  const auto arp = explain_packet(closed, packet("out arp 10.0.0.1 > 10.0.0.2"));
  EXPECT_EQ(arp.verdict, VerdictKind::accept);
  ASSERT_NE(arp.decided_by, nullptr);
  EXPECT_EQ(arp.decided_by->origin->where.line, 5U);
  const auto ip = explain_packet(closed, packet("out udp 10.0.0.1:1 > 10.0.0.2:2"));
  EXPECT_EQ(ip.verdict, VerdictKind::drop);
  ASSERT_EQ(ip.layers.size(), 1U);
  ASSERT_EQ(ip.layers[0].steps.size(), 4U);
  EXPECT_EQ(ip.layers[0].steps[2].failed, 0U);
  EXPECT_EQ(ip.layers[0].steps[2].actual, "0x0800");
  const auto foreign = explain_packet(closed, packet("out udp 10.0.0.1:1 > 10.0.0.2:2 from 02:00:00:00:00:02"));
  EXPECT_EQ(foreign.verdict, VerdictKind::accept) << "the end of a sub-chain accepts";
  EXPECT_EQ(foreign.decided_by, nullptr);
  EXPECT_EQ(explain_packet(closed, packet("in udp 10.0.0.1:1 > 10.0.0.2:2")).layers.size(), 0U);
}

TEST(Explain, LayersComeInTheOrderOfTheKernel) {
  const auto closed = program("chain ethernet out \"root\" 0 end accept\n"
                              "chain ethernet in \"root\" 0 end accept\n"
                              "  drop @ \"f.xml\":1:1 in \"f\"\n"
                              "chain ipv4 out \"root\" 0 end return\n"
                              "  reject @ \"f.xml\":2:1 in \"f\"\n"
                              "chain ipv4 in \"root\" 0 end return\n"
                              "  drop @ \"f.xml\":3:1 in \"f\"\n");
  const auto out = explain_packet(closed, packet("out udp 10.0.0.1:1 > 10.0.0.2:2"));
  ASSERT_EQ(out.layers.size(), 2U);
  EXPECT_EQ(out.layers[0].layer, Layer::ethernet);
  EXPECT_EQ(out.verdict, VerdictKind::reject);
  const auto in = explain_packet(closed, packet("in udp 10.0.0.1:1 > 10.0.0.2:2"));
  ASSERT_EQ(in.layers.size(), 1U) << "what the IP layer drops does not come to the ethernet layer";
  EXPECT_EQ(in.layers[0].layer, Layer::ipv4);
  EXPECT_EQ(explain_packet(closed, packet("in udp fd00::1 > fd00::2")).layers[0].layer, Layer::ethernet);
}

TEST(Explain, WhatTheKernelDropsByItself) {
  const auto closed = program("chain ipv4 out \"root\" 0 end return\n");
  auto broken = packet("out udp 10.0.0.1:1 > 10.0.0.2:2");
  broken.frame[14 + 10] ^= 1U;
  EXPECT_NE(explain_packet(closed, broken).kernel_drops, "") << "the checksum";
  auto cut = packet("out udp 10.0.0.1:1 > 10.0.0.2:2");
  cut.frame.resize(cut.frame.size() - 1);
  EXPECT_NE(explain_packet(closed, cut).kernel_drops, "");
  auto padded = packet("out udp 10.0.0.1:1 > 10.0.0.2:2");
  padded.frame.resize(60);
  EXPECT_EQ(explain_packet(closed, padded).verdict, VerdictKind::accept);
  auto cut6 = packet("in udp fd00::1 > fd00::2");
  cut6.frame.resize(cut6.frame.size() - 1);
  EXPECT_EQ(explain_packet(closed, cut6).verdict, VerdictKind::drop);
  const auto icmp = one_rule("ipv4 out", "ip.protocol 1, icmp.type 8");
  auto short_icmp = packet("out icmp 10.0.0.1 > 10.0.0.2 type 3");
  short_icmp.frame.resize(14 + 20 + 4);
  short_icmp.frame[14 + 3] = 24;
  short_icmp.frame[14 + 11] = static_cast<std::uint8_t>(short_icmp.frame[14 + 11] + 4); // the checksum, of the length
  EXPECT_EQ(explain_packet(icmp, short_icmp).kernel_drops, "the match icmp.type drops packets that it cannot read");
}

TEST(Explain, NoRuleHasDecidedWhatTheKernelDrops) {
  auto broken = packet("out udp 10.0.0.1:1 > 10.0.0.2:2");
  broken.frame[14 + 10] ^= 1U;
  const auto closed = program("chain ethernet out \"root\" 0 end accept\n  accept @ \"f.xml\":1:1 in \"f\"\n");
  const auto explanation = explain_packet(closed, broken);
  EXPECT_EQ(explanation.verdict, VerdictKind::drop);
  EXPECT_EQ(explanation.decided_by, nullptr) << "the ethernet layer's rule has only let it pass";
}

TEST(Explain, TheKernelDropsWhatIsCutOff) {
  const auto closed = program("chain ethernet out \"root\" 0 end accept\n  accept @ \"f.xml\":1:1 in \"f\"\n");
  const auto why = [&](const std::string &words, std::size_t size) {
    auto cut = packet(words);
    cut.frame.resize(size);
    return explain_packet(closed, cut).kernel_drops;
  };
  EXPECT_EQ(why("out arp 10.0.0.1 > 10.0.0.2", 14 + 7), "an ARP header that is cut off");
  EXPECT_EQ(why("out arp 10.0.0.1 > 10.0.0.2", 14 + 8), "");
  EXPECT_EQ(why("out rarp 10.0.0.1 > 10.0.0.2", 14 + 7), "");
  EXPECT_EQ(why("out ether 0x1234 vlan 5", 14 + 5), "a tag that is cut off");
  EXPECT_EQ(why("out ether 0x1234 vlan 5", 14 + 6), "");
}

TEST(ExplainMatch, Ethernet) {
  EXPECT_TRUE(matches("ethernet out", "ether.src 02:00:00:00:00:00/ff:ff:ff:ff:ff:f0", "out arp 10.0.0.1 > 10.0.0.2"));
  EXPECT_FALSE(
      matches("ethernet out", "not ether.src 02:00:00:00:00:00/ff:ff:ff:ff:ff:f0", "out arp 10.0.0.1 > 10.0.0.2"));
  EXPECT_TRUE(matches("ethernet out", "ether.type 0x8100, vlan.id 5, vlan.type 0x1234", "out ether 0x1234 vlan 5"));
  EXPECT_FALSE(matches("ethernet out", "ether.type 0x1234", "out ether 0x1234 vlan 5"));
  EXPECT_FALSE(matches("ethernet out", "not vlan.id 6", "out ether 0x1234")) << "there is no tag to look at";
  EXPECT_TRUE(matches("ethernet out", "arp.op 1, arp.spa 10.0.0.0/8, arp.tpa 10.0.0.2, arp.sha 02:00:00:00:00:01",
                      "out arp 10.0.0.1 > 10.0.0.2"));
  EXPECT_TRUE(matches("ethernet out", "arp.gratuitous 1", "out arp 10.0.0.1 > 10.0.0.1"));
  EXPECT_FALSE(matches("ethernet out", "not arp.spa 10.0.0.9", "out ether 0x8035")) << "no ARP header";
  EXPECT_TRUE(matches("ethernet out", "ether.type 0x0800, ip.protocol 17, th.dport 2-3, ip.dscp 10",
                      "out udp 10.0.0.1:1 > 10.0.0.2:2 dscp 10"));
  EXPECT_TRUE(matches("ethernet out", "ether.type 0x86dd, ip6.protocol 58, icmp6.type 130-140/0-255",
                      "out icmpv6 fd00::1 > fd00::2 type 134"));
}

TEST(ExplainMatch, ExtensionHeaders) {
  auto ah = packet("out ah fd00::1 > fd00::2"); // its first byte says what follows: hop-by-hop
  ah.frame[14 + 40] = 17;
  EXPECT_TRUE(matches("ipv6 out", "ip6.protocol 51", ah)) << "the IP layer stops at AH";
  EXPECT_TRUE(matches("ethernet out", "ether.type 0x86dd, ip6.protocol 17", ah)) << "the ethernet layer does not";
  auto fragment = packet("out ip 44 fd00::1 > fd00::2");
  fragment.frame[14 + 40] = 17;
  fragment.frame[14 + 40 + 3] = 8;
  EXPECT_TRUE(matches("ipv6 out", "ip6.protocol 17", fragment));
  EXPECT_FALSE(matches("ipv6 out", "ip6.protocol 17, not th.dport 7", fragment));
  EXPECT_TRUE(matches("ethernet out", "ether.type 0x86dd, ip6.protocol 44", fragment));
  auto cut = packet("out ip 60 fd00::1 > fd00::2");
  cut.frame[14 + 40] = 60;
  cut.frame[14 + 40 + 1] = 200;
  EXPECT_FALSE(matches("ipv6 out", "not ip6.protocol 6", cut)) << "the chain of headers does not end";
}

TEST(ExplainMatch, BrokenHopByHopOptionsAreTheEnd) {
  auto options = packet("out ip 0 fd00::1 > fd00::2"); // two bytes of header, then options: all Pad1
  options.frame[14 + 40] = 17;
  EXPECT_TRUE(matches("ipv6 out", "ip6.protocol 17", options));
  const auto closed = one_rule("ipv6 out", "ip6.protocol 17");
  options.frame[14 + 40 + 2] = 1; // PadN, of more than there is
  options.frame[14 + 40 + 3] = 5;
  EXPECT_EQ(explain_packet(closed, options).kernel_drops, "broken hop-by-hop options in the IPv6 packet");
  options.frame[14 + 40 + 3] = 4;
  EXPECT_EQ(explain_packet(closed, options).kernel_drops, "");
}

TEST(ExplainMatch, IpLayers) {
  const std::string tcp = "out tcp 10.0.0.1:1000 > 10.0.0.2:22";
  EXPECT_TRUE(matches("ipv4 out", "ip.protocol 6, ip.saddr 10.0.0.1-10.0.0.5, th.sport 1000, th.dport 22", tcp));
  EXPECT_FALSE(matches("ipv4 out", "ip.saddr 10.0.0.2-10.0.0.5", tcp));
  EXPECT_TRUE(matches("ipv4 out", "tcp.flags syn/syn|ack", tcp));
  EXPECT_FALSE(matches("ipv4 out", "tcp.flags syn/syn|ack", tcp + " flags syn|ack"));
  EXPECT_TRUE(matches("ipv4 out", "not tcp.option 3", tcp));
  EXPECT_FALSE(matches("ipv4 out", "tcp.option 3", tcp));
  EXPECT_TRUE(matches("ipv4 out", "ct.state new|established, ct.direction original", tcp));
  EXPECT_FALSE(matches("ipv4 out", "ct.state new", tcp + " reply"));
  EXPECT_TRUE(matches("ipv4 out", "ct.state established, ct.direction reply", tcp + " reply"));
  EXPECT_FALSE(matches("ipv4 out", "ct.direction original", tcp + " invalid")) << "no connection, no direction";
  EXPECT_FALSE(matches("ipv4 out", "ct.direction original", tcp + " untracked"));
  EXPECT_FALSE(matches("ipv4 out", "ct.state new|established|related|invalid", tcp + " untracked"));
  EXPECT_TRUE(matches("ipv4 out", "ct.count 2", tcp + " connections 3"));
  EXPECT_FALSE(matches("ipv4 out", "ct.count 3", tcp + " connections 3"));
  EXPECT_TRUE(matches("ipv6 out", "not ct.count 3", "out udp fd00::1 > fd00::2"));
  EXPECT_TRUE(matches("ipv6 out", "ct.count 3", "out ip 59 fd00::1 > fd00::2")) << "nothing to count: dropped";
  EXPECT_TRUE(matches("ipv4 out", "set.lookup \"a\"/\"src,dst\"", tcp + " set a src,dst"));
  EXPECT_FALSE(matches("ipv4 out", "set.lookup \"a\"/\"src\"", tcp + " set a src,dst"));
  EXPECT_TRUE(matches("ipv4 out", "icmp.type 255", "out icmp 10.0.0.1 > 10.0.0.2 type 3 code 1")) << "255 is any type";
  EXPECT_TRUE(matches("ipv4 out", "icmp.type 3/1", "out icmp 10.0.0.1 > 10.0.0.2 type 3 code 1"));
  EXPECT_TRUE(matches("ipv6 in", "ip6.daddr fd00::/16, ip6.dscp 46", "in udp [fd00::1]:5 > [fd00::2]:6 dscp 46"));
}

std::string refusal(const std::string &text) {
  const auto result = read(text);
  const auto *why = std::get_if<std::string>(&result);
  return why == nullptr ? "read" : *why;
}

TEST(PacketWords, WrongOnesAreNamed) {
  EXPECT_EQ(refusal(""), "a direction: out or in is missing at the end");
  EXPECT_EQ(refusal("up tcp"), "'up' is no direction: out or in");
  EXPECT_EQ(refusal("out tcp 10.0.0.1"), "'>' is missing at the end");
  EXPECT_EQ(refusal("out tcp 10.0.0.1 < 10.0.0.2"), "'<' stands where '>' is expected between the ends");
  EXPECT_EQ(refusal("out tcp 10.0.0.300 > 10.0.0.2"), "'10.0.0.300' is no address, with or without ':PORT'");
  EXPECT_EQ(refusal("out tcp 10.0.0.1:99999 > 10.0.0.2"),
            "'10.0.0.1:99999' has no port number from 0 to 65535 behind ':'");
  EXPECT_EQ(refusal("out tcp 10.0.0.1 > fd00::1"), "one end is of IPv4, the other one of IPv6");
  EXPECT_EQ(refusal("out icmp fd00::1 > fd00::2"), "icmp goes with IPv4");
  EXPECT_EQ(refusal("out tcp 10.0.0.1 > 10.0.0.2 dscp 64"), "'64' is not a DSCP from 0 to 63");
  EXPECT_EQ(refusal("out tcp 10.0.0.1 > 10.0.0.2 vlan"), "a VLAN id is missing at the end");
  EXPECT_EQ(refusal("out hex 0102"), "a frame has at least the 14 bytes of its Ethernet header");
  EXPECT_EQ(refusal("out hex 0102030405060708090a0b0c0d0g"),
            "'0102030405060708090a0b0c0d0g' is not a row of bytes in hexadecimal");
}

TEST(PacketWords, AFrameInHexadecimal) {
  const auto subject = packet("in hex 0200000000020200000000010806 established");
  EXPECT_EQ(subject.direction, Direction::in);
  EXPECT_EQ(subject.frame.size(), 14U);
  EXPECT_EQ(subject.state, connection_state::established);
}

} // namespace
} // namespace nwgate::test
