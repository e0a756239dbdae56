// SPDX-License-Identifier: LGPL-2.1-or-later
/// Programs and frames about which the judges did not agree once, or nearly so.
#include "judges.h"

namespace nwgate::packets {
namespace {

struct FrameRow {
  Direction direction;
  std::string hex;
  bool passes;
  const char *what;
};

class JudgedFrames : public JudgesTest {
protected:
  /// All three say so of each frame.
  void expect(const std::vector<std::string> &rules, const Parameters &parameters, const std::vector<FrameRow> &rows) {
    const auto judgements = judged(rules, parameters, rows);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto &answer = judgements.answers.at(i);
      EXPECT_TRUE(answer.is_unanimous() && answer.xtables && answer.nftables && answer.interpreter)
          << rows[i].what << ": " << answer.to_string();
      EXPECT_EQ(answer.nftables, rows[i].passes) << rows[i].what;
    }
  }

  Judgements judged(std::vector<std::string> rules, const Parameters &parameters, const std::vector<FrameRow> &rows) {
    rules.insert(rules.begin(), fence_rule);
    engine().write_rules("test", rules);
    const auto closed = program("test", parameters);
    if (!closed) {
      ADD_FAILURE() << "a wrong document";
      return {std::vector<Judgement>(rows.size()), {}};
    }
    std::vector<JudgedFrame> frames;
    for (const auto &row : rows)
      frames.push_back({row.direction, bytes_from(row.hex)});
    auto judgements = judge(*closed, frames);
    EXPECT_EQ(judgements.refusals, "");
    return judgements;
  }

  static std::vector<std::uint8_t> bytes_from(const std::string &hex) {
    std::vector<std::uint8_t> bytes;
    for (std::size_t at = 0; at < hex.size(); at += 2)
      bytes.push_back(static_cast<std::uint8_t>(std::stoi(hex.substr(at, 2), nullptr, 16)));
    return bytes;
  }
};

constexpr auto leaves = Direction::out;
constexpr auto enters = Direction::in;
const std::string ethernet = "52540000000b52540000000a";

/// UDP from 10.SOURCE to 10.DESTINATION, from port 1000 to 7; each address by its checksum.
const std::string from_1_to_2 = ethernet + "08004500001c00010000401166ce0a0000010a00000203e8000700080000";
const std::string from_1_to_9 = ethernet + "08004500001c00010000401166c70a0000010a00000903e8000700080000";
const std::string from_9_to_2 = ethernet + "08004500001c00010000401166c60a0000090a00000203e8000700080000";
const std::string from_8_to_9 = ethernet + "08004500001c00010000401166c00a0000080a00000903e8000700080000";
const std::string from_2_to_1 = ethernet + "08004500001c00010000401166ce0a0000020a00000103e8000700080000";
const std::string from_10_5_5_5 = ethernet + "08004500001c00010000401161c50a0505050a00000203e8000700080000";
const std::string from_10_0_0_5 = ethernet + "08004500001c00010000401166ca0a0000050a00000203e8000700080000";
const std::string from_11_0_0_5 = ethernet + "08004500001c00010000401165ca0b0000050a00000203e8000700080000";

std::string drop(const std::string &element, const std::string &direction = "out") {
  return "<rule action='drop' direction='" + direction + "'>" + element + "</rule>";
}

// --- variables

/// Two negated lookups of one tuple had one set, in which each found the values of the other.
TEST_F(JudgedFrames, NegatedColumnsOfATuple) {
  expect({drop("<all state='NONE' match='no' srcipaddr='$A' dstipaddr='$B'/>")}, {{"A", "10.0.0.1"}, {"B", "10.0.0.2"}},
         {{leaves, from_1_to_2, true, "both are the tuple's"},
          {leaves, from_1_to_9, true, "one is"},
          {leaves, from_9_to_2, true, "the other one is"},
          {leaves, from_8_to_9, false, "none is"},
          {leaves, from_2_to_1, false, "both are, but crosswise"}});
}

TEST_F(JudgedFrames, NegatedColumnsOfSeveralTuples) {
  expect({drop("<all state='NONE' match='no' srcipaddr='$A' dstipaddr='$B'/>")},
         {{"A", "10.0.0.1"}, {"B", "10.0.0.2"}, {"A", "10.0.0.8"}, {"B", "10.0.0.9"}},
         {{leaves, from_1_to_2, false, "none of the second tuple"}, {leaves, from_1_to_9, true, "one of each"}});
}

/// Intervals of several tuples were merged, and what was outside their union was outside of each.
TEST_F(JudgedFrames, NegatedNetworksInOneAnother) {
  expect({drop("<all state='NONE' match='no' srcipaddr='$A' srcipmask='$M'/>")},
         {{"A", "10.0.0.0"}, {"M", "8"}, {"A", "10.0.0.0"}, {"M", "24"}},
         {{leaves, from_10_0_0_5, true, "in both"},
          {leaves, from_10_5_5_5, false, "not in the second"},
          {leaves, from_11_0_0_5, false, "in none"}});
}

/// The name of a set said nothing of literals.
TEST_F(JudgedFrames, RangesWithOneLiteralEnd) {
  expect({drop("<all state='NONE' srcipfrom='10.0.0.2' srcipto='$B' dstipaddr='10.0.0.2'/>"),
          drop("<all state='NONE' srcipfrom='10.0.0.8' srcipto='$B' dstipaddr='10.0.0.9'/>")},
         {{"B", "10.0.0.9"}},
         {{leaves, from_1_to_2, true, "below the first"},
          {leaves, from_10_0_0_5, false, "in the first"},
          {leaves, from_8_to_9, false, "in the second"},
          {leaves, from_1_to_9, true, "below the second"}});
}

/// Nor of the defaults of a filter that is included twice.
TEST_F(JudgedFrames, OneFilterIncludedTwice) {
  engine().write_filter("sub",
                        "<filter name='sub' chain='root'>"
                        "<rule action='drop' direction='out'><all state='NONE' srcipaddr='$S' dstipaddr='$D[@1]'/>"
                        "</rule></filter>");
  const auto include = [](const std::string &source, const std::string &destination) {
    return "<filterref filter='sub'><parameter name='S' value='" + source + "'/><parameter name='D' value='" +
           destination + "'/></filterref>";
  };
  expect({include("10.0.0.1", "10.0.0.2"), include("10.0.0.8", "10.0.0.9")}, {},
         {{leaves, from_1_to_2, false, "of the first"},
          {leaves, from_8_to_9, false, "of the second"},
          {leaves, from_1_to_9, true, "of both"},
          {leaves, from_9_to_2, true, "of none"}});
}

TEST_F(JudgedFrames, NamesThatLookLikeIterators) {
  expect({drop("<all state='NONE' srcipaddr='$A_1'/>"), drop("<all state='NONE' dstipaddr='$A[@1]'/>")},
         {{"A_1", "10.0.0.9"}, {"A", "10.0.0.1"}},
         {{leaves, from_9_to_2, false, "by its source"},
          {leaves, from_2_to_1, false, "by its destination"},
          {leaves, from_1_to_9, true, "the other way round"}});
}

TEST_F(JudgedFrames, TuplesAndProducts) {
  const Parameters lists = {{"A", "10.0.0.1"}, {"A", "10.0.0.8"}, {"B", "10.0.0.2"}, {"B", "10.0.0.9"}};
  expect({drop("<all state='NONE' srcipaddr='$A[@1]' dstipaddr='$B[@1]'/>")}, lists,
         {{leaves, from_1_to_2, false, "a tuple"}, {leaves, from_1_to_9, true, "of two tuples"}});
  expect({drop("<all state='NONE' srcipaddr='$A[@1]' dstipaddr='$B[@2]'/>")}, lists,
         {{leaves, from_1_to_2, false, "a pair"},
          {leaves, from_1_to_9, false, "a pair"},
          {leaves, from_9_to_2, true, "none"}});
  expect({drop("<all state='NONE' srcipaddr='$A[1]' dstipaddr='$B[@2]'/>")}, lists,
         {{leaves, from_1_to_2, true, "not the element"}, {leaves, from_8_to_9, false, "the element"}});
}

// --- headers that are cut off

const std::string sctp_from_1 =
    ethernet + "08004500002400010000408466530a0000010a00000203e80050000000000000000001000004";
const std::string cut_sctp_from_1 =
    ethernet + "080045000018000100004084665f0a0000010a00000203e80050000000000000000001000004";
const std::string cut_sctp_from_9 =
    ethernet + "08004500001800010000408466570a0000090a00000203e80050000000000000000001000004";

const std::string ipv6_addresses = "fd000000000000000000000000000001fd000000000000000000000000000002";

/// The match of SCTP drops what it cannot read, if the matches before it hold: a lookup of both together found nothing
/// and let such a packet pass.
TEST_F(JudgedFrames, SctpInATuple) {
  expect({"<rule action='drop' direction='out'><sctp state='NONE' srcipaddr='$A' dstportstart='$B'/></rule>"},
         {{"A", "10.0.0.1"}, {"B", "81"}},
         {{leaves, sctp_from_1, true, "another port"},
          {leaves, cut_sctp_from_1, false, "no port"},
          {leaves, cut_sctp_from_9, true, "another address"}});
}

TEST_F(JudgedFrames, TcpOptionsBesideAPort) {
  const std::string to_80 =
      ethernet + "08004500002c00010000400666c90a0000010a00000203e80050000000010000000060021f400000000001010101";
  const std::string to_81 =
      ethernet + "08004500002c00010000400666c90a0000010a00000203e80051000000010000000060021f400000000001010101";
  const std::string cut =
      ethernet + "08004500001b00010000400666da0a0000010a00000203e80050000000010000000060021f400000000001010101";
  const std::vector<FrameRow> rows = {{leaves, to_80, false, "the port, with the option"},
                                      {leaves, to_81, true, "another port"},
                                      {leaves, cut, false, "not the port, but no whole header"}};
  expect({drop("<tcp state='NONE' dstportstart='$P' option='1'/>")}, {{"P", "80"}}, rows);
  expect({drop("<tcp state='NONE' dstportstart='$P' srcipaddr='$A' option='1'/>")}, {{"P", "80"}, {"A", "10.0.0.1"}},
         rows);
  const std::string cut_option =
      ethernet + "08004500002900010000400666cc0a0000010a00000203e80051000000010000000060021f400000000001010101";
  expect({drop("<tcp state='NONE' dstportstart='$P' option='9'/>")}, {{"P", "80"}},
         {{leaves, cut_option, true, "another port: nobody looks at the option"}});
  auto other_port = rows;
  other_port[0].passes = true;
  expect({drop("<tcp state='NONE' dstportstart='$P' option='1'/>")}, {{"P", "82"}}, other_port);
}

TEST_F(JudgedFrames, CountsOfConnectionsThatHaveNoHeader) {
  expect({drop("<all state='NONE' connlimit-above='1000'/>")}, {},
         {{leaves, ethernet + "08004500001400010000408466630a0000010a000002", false, "SCTP without a header"},
          {leaves, ethernet + "08004500001800010000400166e20a0000010a00000208000000", false, "ICMP of four bytes"}});
}

/// Where the kernel has the IP layers in the bridge family it lacks the tools' match of ICMP.
TEST_F(JudgedFrames, IcmpThatIsCutOff) {
  const std::string cut_from_1 = ethernet + "08004500001800010000400166e20a0000010a00000208000000";
  const std::string cut_from_9 = ethernet + "08004500001800010000400166da0a0000090a00000208000000";
  const std::string echo_from_1 = ethernet + "08004500001c00010000400166de0a0000010a0000020800f7ff00000000";
  const auto accept = "<rule action='accept' direction='out'><all state='NONE' srcipaddr='10.0.0.9'/></rule>";
  expect({accept, drop("<icmp state='NONE' type='13'/>"), drop("<icmp state='NONE' type='14'/>")}, {},
         {{leaves, echo_from_1, true, "another type"},
          {leaves, cut_from_1, false, "four bytes"},
          {leaves, cut_from_9, true, "accepted before"}});
  expect({drop("<icmp state='NONE' type='13' srcipaddr='10.0.0.9'/>")}, {},
         {{leaves, cut_from_1, true, "another address"}, {leaves, cut_from_9, false, "four bytes"}});
  const std::string cut6 = ethernet + "86dd6000000000043a40" + ipv6_addresses + "80000000";
  expect({drop("<icmpv6 state='NONE' type='13'/>")}, {}, {{leaves, cut6, false, "four bytes"}});
}

const std::string ipv6_from_1_to_2 = "0640" + ipv6_addresses;

TEST_F(JudgedFrames, WhatIsBehindTheLengthIsCutOffBeforeItArrives) {
  const auto tcp_of = [](const std::string &length) {
    return ethernet + "86dd60000000" + length + ipv6_from_1_to_2 + "005003e8000000010000000050021f4000000000";
  };
  expect({drop("<ipv6 protocol='tcp' srcportstart='80'/>", "in")}, {},
         {{enters, tcp_of("0014"), false, "whole"}, {enters, tcp_of("0002"), true, "half of the ports"}});
  expect({drop("<ipv6 protocol='tcp' srcportstart='80'/>", "out")}, {},
         {{leaves, tcp_of("0014"), false, "whole"}, {leaves, tcp_of("0002"), false, "still there when it leaves"}});
}

TEST_F(JudgedFrames, HopByHopOptionsBehindTheLength) {
  const auto addresses = "0040" + ipv6_from_1_to_2.substr(4);
  expect({drop("<udp-ipv6 state='NONE'/>")}, {},
         {{leaves, ethernet + "86dd600000000010" + addresses + "3a000104000000008000000000000000", true, "whole"},
          {leaves, ethernet + "86dd600000000003" + addresses + "3a000104000000000000000000000000", false,
           "the kernel drops it"}});
}

TEST_F(JudgedFrames, ArpAndTagsThatAreCutOff) {
  expect({drop("<arp opcode='2'/>", "inout")}, {},
         {{leaves, ethernet + "08060001080006040001", true, "a header without addresses"},
          {leaves, ethernet + "080600010800060400", false, "less: the bridge drops it"},
          {enters, ethernet + "080600010800060400", false, "less: the bridge drops it"},
          {leaves, ethernet + "803500010800060400", true, "RARP is nothing to it"},
          {leaves, ethernet + "8100006488b66162", true, "two bytes behind a tag"},
          {leaves, ethernet + "8100006488b661", false, "one: the kernel drops it"},
          {leaves, ethernet + "8100006481000065", false, "half a tag behind a tag: the kernel drops it"},
          {leaves, ethernet + "810000648100006588", false, "three bytes of one"},
          {leaves, ethernet + "810000648100006588b6", true, "a whole one"},
          {leaves, ethernet + "8100006488a800658100", true, "a whole one"},
          {leaves, ethernet + "8100006488a8006581000065", true, "and half of a third"}});
}

TEST_F(JudgedFrames, RoutingHeadersBehindTheLength) {
  const auto frame = [](const std::string &length) {
    return ethernet + "86dd60000000" + length + "2b40" + ipv6_from_1_to_2.substr(4) +
           "060001040000000003e80050000000010000000060021f400000000001010101";
  };
  expect({drop("<tcp-ipv6 state='NONE' option='74'/>")}, {},
         {{leaves, frame("0003"), true, "no header: the packet is of no protocol"}});
  if (interpreter_knows_broken_ipv6())
    expect({drop("<tcp-ipv6 state='NONE' option='74'/>")}, {},
           {{leaves, frame("0004"), false, "enough of one, and nothing behind it: TCP that cannot be read"}});
  expect({drop("<all-ipv6 state='NONE' connlimit-above='1000'/>")}, {},
         {{leaves, frame("0003"), false, "to connection tracking it is TCP, and cannot be read"}});
}

// --- packets of a cgroup's socket

class JudgedPackets : public JudgedFrames {
protected:
  /// Everybody says so of each packet, which goes out.
  void expect_sent(const std::string &rule, const Parameters &parameters, const std::vector<FrameRow> &rows) {
    engine().write_rules("test", {fence_rule, rule});
    engine().write_rules("test-of-cgroup", {rule});
    auto judged = program("test", parameters).value();
    judged.cgroup_filter = "test-of-cgroup";
    judged.of_cgroup = program(judged.cgroup_filter, parameters).value().closed;
    std::vector<JudgedFrame> frames;
    for (const auto &row : rows)
      for (const auto asked : {Asked::everybody, Asked::cgroups_and_sockets})
        frames.push_back({row.direction, as_sent_by_socket(bytes_from(row.hex)).value(), false, asked});
    const auto judgements = judge(judged, frames);
    EXPECT_EQ(judgements.refusals, "");
    for (std::size_t i = 0; i < frames.size(); ++i) {
      const auto &answer = judgements.answers[i];
      EXPECT_TRUE(answer.is_unanimous() && answer.bpf) << rows[i / 2].what << ": " << answer.to_string();
      EXPECT_EQ(i % 2 == 0 ? answer.nftables : answer.sockets, rows[i / 2].passes) << rows[i / 2].what;
    }
  }
};

const std::string ipv4_addresses = "00000a0000010a000002";
const std::string later_icmp = ethernet + "080045000018000100054001" + ipv4_addresses + "61626364";
const std::string later_sctp = ethernet + "080045000018000100054084" + ipv4_addresses + "61626364";

/// The rules for sockets dropped a later fragment, as if its header were cut off.
TEST_F(JudgedPackets, LaterFragments) {
  ASSERT_NO_FATAL_FAILURE(ask_cgroups());
  const std::string cut = ethernet + "080045000018000100004001" + ipv4_addresses + "61626364";
  expect_sent(drop("<icmp state='NONE' type='13'/>"), {},
              {{leaves, later_icmp, true, "a later fragment"}, {leaves, cut, false, "four bytes"}});
  expect_sent(drop("<sctp state='NONE' dstportstart='80'/>"), {}, {{leaves, later_sctp, true, "a later fragment"}});
  const std::string later_of_ipv6 = "0008000000016162636465666768";
  expect_sent(drop("<icmpv6 state='NONE' type='13'/>"), {},
              {{leaves, ethernet + "86dd6000000000102c40" + ipv6_addresses + "3a00" + later_of_ipv6, true, "of ICMPv6"},
               {leaves, ethernet + "86dd6000000000103a40" + ipv6_addresses + "0d00" + later_of_ipv6, false, "whole"},
               {leaves, ethernet + "86dd6000000000043a40" + ipv6_addresses + "80000000", false, "four bytes"}});
}

/// The rules for sockets found what ebtables' matches do not look at: a header of less than four bytes.
TEST_F(JudgedPackets, HeadersOfLessThanFourBytes) {
  ASSERT_NO_FATAL_FAILURE(ask_cgroups());
  const std::string two = ethernet + "080045000016000100004006" + ipv4_addresses + "03e8";
  const std::string four = ethernet + "080045000018000100004006" + ipv4_addresses + "03e80050";
  for (const auto *port : {"1000", "$P"})
    expect_sent(drop(std::string("<ip protocol='tcp' srcportstart='") + port + "'/>"), {{"P", "1000"}},
                {{leaves, two, true, "two bytes"}, {leaves, four, false, "both ports"}});
  expect_sent(drop("<ip protocol='tcp' dstportstart='80'/>"), {}, {{leaves, two, true, "two bytes"}});
  const std::string three = ethernet + "86dd6000000000033a40" + ipv6_addresses + "800000";
  expect_sent(drop("<ipv6 protocol='icmpv6' type='128'/>"), {}, {{leaves, three, true, "three bytes"}});
  expect_sent(drop("<ipv6 protocol='icmpv6' type='100' typeend='200'/>"), {}, {{leaves, three, true, "three bytes"}});
}

// --- differences that are accepted

/// AH is passed over by ebtables' matches, and by BPF.
TEST_F(JudgedPackets, PortsBehindAuthenticationHeaders) {
  ASSERT_NO_FATAL_FAILURE(ask_cgroups());
  engine().write_rules("test", {fence_rule, drop("<ipv6 protocol='udp' dstportstart='80'/>")});
  engine().write_rules("test-of-cgroup", {drop("<ipv6 protocol='udp' dstportstart='80'/>")});
  auto judged = program("test", {}).value();
  judged.cgroup_filter = "test-of-cgroup";
  judged.of_cgroup = program("test-of-cgroup", {}).value().closed;
  const auto frame =
      bytes_from(ethernet + "86dd6000000000143340" + ipv6_addresses + "110100000000000000000000" + "03e8005000080000");
  const auto judgements =
      judge(judged, {{leaves, frame, false, Asked::everybody}, {leaves, frame, false, Asked::cgroups_and_sockets}});
  EXPECT_EQ(judgements.answers[0].to_string(), "xtables drops, nftables drops, BPF drops, the interpreter drops");
  EXPECT_EQ(judgements.answers[1].to_string(),
            "BPF drops, nftables for sockets passes, the interpreter drops: nftables for sockets is alone");
}

/// A range of all port numbers is no condition to iptables, but its match is still
/// there.
TEST_F(JudgedFrames, AllPortsOfACutHeader) {
  const auto judgements = judged(
      {"<rule action='accept' direction='out'><tcp state='NONE' dstportstart='0' dstportend='65535'/></rule>",
       drop("<all state='NONE'/>")},
      {},
      {{leaves, ethernet + "08004500001800010000400666dd0a0000010a00000203e80050000000010000000050021f4000000000",
        false, ""}});
  EXPECT_EQ(judgements.answers[0].to_string(),
            "xtables drops, nftables passes, the interpreter passes: xtables is alone");
}

/// Only Ethernet's hardware addresses have a place that the layout nftables knows.
TEST_F(JudgedFrames, ArpOfOtherHardware) {
  const auto judgements =
      judged({drop("<arp arpsrcipaddr='10.0.0.1'/>")}, {},
             {{leaves, ethernet + "0806000108000604000152540000000a0a00000152540000000b0a000002", false, ""},
              {leaves, ethernet + "0806000108000804000152540000000a00000a00000152540000000b00000a000002", false, ""}});
  EXPECT_EQ(judgements.answers[0].to_string(), "xtables drops, nftables drops, the interpreter drops");
  EXPECT_EQ(judgements.answers[1].to_string(),
            "xtables drops, nftables passes, the interpreter drops: nftables is alone");
}

} // namespace
} // namespace nwgate::packets
