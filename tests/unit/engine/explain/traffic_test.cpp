// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/explain/traffic.h"

#include "engine/explain/packet_summary.h"
#include "engine/program/text_form.h"
#include "tests/support/frames.h"

#include <array>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>

namespace nwgate::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

ClosedProgram program(const std::string &chains) {
  auto result = parse_program("program \"x\"\n" + chains);
  if (const auto *why = std::get_if<std::string>(&result))
    throw std::runtime_error(*why);
  return {std::get<Program>(std::move(result))};
}

CapturedFrame captured(const std::string &words) {
  const auto frame = wire_packet(words).frame;
  return {{}, frame, frame.size()};
}

/// What the workload begins, and answers to it.
const auto answers_only = "chain ipv4 out \"root\" 0 end return\n"
                          "  ct.state new|established, ct.direction original, accept @ \"f.xml\":1:1 in \"f\"\n"
                          "  drop @ \"f.xml\":2:1 in \"f\"\n"
                          "chain ipv4 in \"root\" 0 end return\n"
                          "  ct.state established, ct.direction reply, accept @ \"f.xml\":3:1 in \"f\"\n"
                          "  drop @ \"f.xml\":4:1 in \"f\"\n";

VerdictKind verdict(Traffic &traffic, const std::string &words) {
  return traffic.judge(captured(words)).explanation.value().verdict;
}

TEST(Traffic, FramesDependOnThoseBefore) {
  const auto closed = program(answers_only);
  Traffic traffic(closed, workload_mac, std::nullopt);
  EXPECT_EQ(verdict(traffic, "in udp 10.0.0.2:53 > 10.0.0.1:1000"), VerdictKind::drop);
  EXPECT_EQ(verdict(traffic, "out udp 10.0.0.1:1000 > 10.0.0.2:53"), VerdictKind::accept);
  EXPECT_EQ(verdict(traffic, "in udp 10.0.0.2:53 > 10.0.0.1:1000"), VerdictKind::accept);
}

TEST(Traffic, WhatTheEthernetLayerDropsIsNotTracked) {
  const auto closed = program(std::string("chain ethernet out \"root\" 0 end accept\n"
                                          "  ether.type 0x0800, ip.saddr 10.0.0.9, drop @ \"f.xml\":9:1 in \"f\"\n") +
                              answers_only);
  Traffic traffic(closed, workload_mac, std::nullopt);
  EXPECT_EQ(verdict(traffic, "out udp 10.0.0.9:1000 > 10.0.0.2:53"), VerdictKind::drop);
  EXPECT_EQ(verdict(traffic, "in udp 10.0.0.2:53 > 10.0.0.9:1000"), VerdictKind::drop);
}

TEST(Traffic, DirectionByTheAddressOrAsTold) {
  const auto closed = program(answers_only);
  const auto of = [&](std::optional<Direction> told, const std::string &words) {
    return Traffic(closed, workload_mac, told).judge(captured(words)).packet.direction;
  };
  EXPECT_EQ(of({}, "out arp 10.0.0.1 > 10.0.0.2"), Direction::out);
  EXPECT_EQ(of({}, "out arp 10.0.0.1 > 10.0.0.2 from 02:00:00:00:00:09"), Direction::in);
  EXPECT_EQ(of({}, "in arp 10.0.0.1 > 10.0.0.2"), Direction::in);
  EXPECT_EQ(of(Direction::out, "in arp 10.0.0.1 > 10.0.0.2"), Direction::out);
}

TEST(Traffic, CutFramesAreJudgedByTheirHeaders) {
  const auto closed = program(answers_only);
  Traffic traffic(closed, workload_mac, std::nullopt);
  auto frame = captured("out udp 10.0.0.1:1000 > 10.0.0.2:53");
  frame.bytes.at(14 + 3) = 20 + 8 + 100;
  frame.bytes.at(14 + 11) = static_cast<std::uint8_t>(frame.bytes.at(14 + 11) - 100);
  frame.bytes.at(14 + 20 + 5) = 8 + 100;
  frame.length += 100;
  auto judged = traffic.judge(frame);
  ASSERT_TRUE(judged.explanation);
  EXPECT_EQ(judged.explanation->verdict, VerdictKind::accept);
  EXPECT_THAT(judged.notes.at(0), HasSubstr("the capture has 42 of 142 bytes"));
  EXPECT_EQ(judged.words, "out udp 10.0.0.1:1000 > 10.0.0.2:53 new");
  frame.bytes.resize(14 + 20 + 4);
  judged = traffic.judge(frame);
  EXPECT_FALSE(judged.explanation);
  EXPECT_THAT(judged.notes.at(0), HasSubstr("not judged: the capture has only 38 of 142 bytes"));
  judged = traffic.judge({{}, {1, 2, 3}, 60});
  EXPECT_FALSE(judged.explanation);
  EXPECT_THAT(judged.notes.at(0), HasSubstr("no Ethernet header"));
}

/// A fragment of UDP; the first has the ports.
CapturedFrame fragment(const std::string &words, unsigned offset, bool has_more) {
  auto frame = packet(words).frame;
  const unsigned word = offset | (has_more ? 0x2000U : 0U);
  frame.at(14 + 6) = static_cast<std::uint8_t>(word >> 8U);
  frame.at(14 + 7) = static_cast<std::uint8_t>(word);
  std::uint32_t sum = 0;
  frame.at(14 + 10) = frame.at(14 + 11) = 0;
  for (std::size_t at = 14; at < 34; at += 2)
    sum += static_cast<std::uint32_t>(frame[at] << 8U) + frame[at + 1];
  sum = ~((sum & 0xffff) + (sum >> 16U));
  frame.at(14 + 10) = static_cast<std::uint8_t>(sum >> 8U);
  frame.at(14 + 11) = static_cast<std::uint8_t>(sum);
  if (offset != 0)
    frame.at(14 + 20 + 3) = 99; // no port
  return {{}, frame, frame.size()};
}

TEST(Traffic, FragmentsShareTheFirstOnesHeaders) {
  const auto closed = program("chain ipv4 out \"root\" 0 end return\n"
                              "  ip.protocol 17, th.dport 53, ct.state new, accept @ \"f.xml\":1:1 in \"f\"\n"
                              "  drop @ \"f.xml\":2:1 in \"f\"\n");
  Traffic traffic(closed, workload_mac, std::nullopt);
  const std::string words = "out udp 10.0.0.1:1000 > 10.0.0.2:53";
  const auto early = traffic.judge(fragment(words, 185, false));
  EXPECT_EQ(early.explanation.value().verdict, VerdictKind::drop);
  EXPECT_THAT(early.notes.at(1), HasSubstr("the first fragment is not in the capture before it"));
  EXPECT_EQ(traffic.judge(fragment(words, 0, true)).explanation.value().verdict, VerdictKind::accept);
  const auto later = traffic.judge(fragment(words, 185, false));
  EXPECT_EQ(later.explanation.value().verdict, VerdictKind::accept);
  EXPECT_THAT(later.notes.at(0), HasSubstr("a fragment"));
  EXPECT_EQ(later.words, "out udp 10.0.0.1 > 10.0.0.2 new");
}

TEST(Traffic, NothingIsTooBrokenToLookAt) {
  const auto closed = program(std::string("chain ethernet out \"root\" 0 end accept\n"
                                          "  ether.type 0x86dd, icmp6.type 1-2/3-4, drop @ \"f.xml\":7:1 in \"f\"\n"
                                          "  stp.port 3, drop @ \"f.xml\":8:1 in \"f\"\n") +
                              answers_only);
  std::mt19937 random(1);
  Traffic traffic(closed, workload_mac, std::nullopt);
  const std::array words = {
      "out tcp 10.0.0.1:1 > 10.0.0.2:2",     "in sctp 10.0.0.2:1 > 10.0.0.1:2", "out icmp 10.0.0.1 > 10.0.0.2 type 3",
      "out icmpv6 fd00::1 > fd00::2 type 1", "out ip 0 fd00::1 > fd00::2",      "out ip 44 fd00::1 > fd00::2",
      "out udp 10.0.0.1:1 > 10.0.0.2:2",     "out arp 10.0.0.1 > 10.0.0.2",     "out ether 20 vlan 3"};
  std::vector<CapturedFrame> beginnings;
  for (const auto *text : words)
    beginnings.push_back({{}, packet(text).frame, 0});
  for (int i = 0; i < 50000; ++i) {
    auto frame = beginnings.at(random() % beginnings.size());
    frame.bytes.resize(frame.bytes.size() + random() % 40, static_cast<std::uint8_t>(random()));
    for (auto changes = random() % 6; changes > 0; --changes)
      frame.bytes.at(random() % frame.bytes.size()) = static_cast<std::uint8_t>(random());
    if (random() % 3 == 0)
      frame.bytes.resize(random() % frame.bytes.size());
    frame.length = random() % 5 == 0 ? random() % 300 : frame.bytes.size();
    frame.time = std::chrono::seconds(random() % 1000);
    EXPECT_THAT(traffic.judge(frame).words, testing::Not(IsEmpty()));
  }
}

TEST(PacketSummary, SaysWhatParsePacketReads) {
  for (const auto *words :
       {"out tcp 10.0.0.1:1000 > 10.0.0.2:22 new", "in tcp 10.0.0.2:22 > 10.0.0.1:1000 flags syn|ack established reply",
        "out udp [fd00::1]:5 > [fd00::2]:53 dscp 46 new", "in icmp 10.0.0.2 > 10.0.0.1 type 3 code 1 related reply",
        "out icmpv6 fd00::1 > ff02::1 type 135 to 33:33:00:00:00:01 untracked",
        "out ip 253 10.0.0.1 > 10.0.0.2 invalid", "out arp 10.0.0.1 > 10.0.0.2 from 02:00:00:00:00:09",
        "in rarp 10.0.0.1 > 10.0.0.2 op 4", "out ether 0x88cc vlan 5", "out udp 10.0.0.1:1 > 10.0.0.2:2 vlan 7",
        "in ether 0x1234 to 02:00:00:00:00:07"}) {
    const auto subject = packet(words);
    EXPECT_EQ(summary_of(subject, workload_mac), words);
  }
}

} // namespace
} // namespace nwgate::test
