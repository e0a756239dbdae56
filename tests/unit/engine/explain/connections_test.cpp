// SPDX-License-Identifier: LGPL-2.1-or-later
// That the kernel says the same is tested by tests/packets/tracking_test.cpp.
#include "engine/explain/connections.h"

#include "engine/program/names.h"
#include "tests/support/frames.h"

#include <gtest/gtest.h>

namespace nwgate::explain {
namespace {

using std::chrono::seconds;

/// Packets in a row; what is said of each: `new`, `established reply`.
class Row {
public:
  std::string operator()(const std::string &words, bool passes = true) {
    return follow(test::wire_packet(words).frame, passes);
  }

  std::string follow(const std::vector<std::uint8_t> &frame, bool passes = true, bool is_cut = false) {
    const auto found = ip_header(ethernet_header(Bytes(frame)));
    const auto &ip = std::get<IpHeader>(found);
    const auto sighting = connections_.look(ip, is_cut, now_);
    last_count_ = connections_.count(ip, sighting, now_);
    connections_.follow(sighting, passes);
    return states_to_text(sighting.state) + (sighting.is_reply ? " reply" : "");
  }

  void wait(seconds time) { now_ += time; }
  [[nodiscard]] std::uint32_t last_count() const { return last_count_; }

private:
  Connections connections_;
  PacketTime now_{};
  std::uint32_t last_count_ = 0;
};

const std::string there = " 10.0.0.1:1000 > 10.0.0.2:80";
const std::string back = " 10.0.0.2:80 > 10.0.0.1:1000";

TEST(Connections, AreNewUntilThereIsAnAnswer) {
  Row row;
  EXPECT_EQ(row("out udp" + there), "new");
  EXPECT_EQ(row("out udp" + there), "new");
  EXPECT_EQ(row("in udp" + back), "established reply");
  EXPECT_EQ(row("out udp" + there), "established");
  EXPECT_EQ(row("in udp 10.0.0.2:80 > 10.0.0.1:1001"), "new") << "another one";
  EXPECT_EQ(row("out esp 10.0.0.1 > 10.0.0.2"), "new");
  EXPECT_EQ(row("in esp 10.0.0.2 > 10.0.0.1"), "established reply") << "by the addresses";
  EXPECT_EQ(row("in udp [fd00::2]:5 > [fd00::1]:6"), "new");
  EXPECT_EQ(row("out udp [fd00::1]:6 > [fd00::2]:5"), "established reply");
}

TEST(Connections, WhatIsDroppedMakesNone) {
  Row row;
  EXPECT_EQ(row("out udp" + there, false), "new");
  EXPECT_EQ(row("in udp" + back, false), "new") << "not an answer to what never was";
  EXPECT_EQ(row("in udp" + back), "new");
  EXPECT_EQ(row("out udp" + there, false), "established reply");
  EXPECT_EQ(row("in udp" + back), "established") << "it was seen, if dropped";
}

TEST(Connections, HandshakeOfTcp) {
  Row row;
  EXPECT_EQ(row("in tcp" + back + " flags syn|ack"), "invalid");
  EXPECT_EQ(row("out tcp" + there + " flags rst"), "invalid");
  EXPECT_EQ(row("out tcp" + there + " flags fin|ack"), "invalid");
  EXPECT_EQ(row("out tcp" + there + " flags syn|fin"), "invalid");
  EXPECT_EQ(row("out tcp" + there + " flags none"), "invalid");
  EXPECT_EQ(row("out tcp" + there), "new");
  EXPECT_EQ(row("out tcp" + there + " flags ack"), "invalid") << "nobody has answered";
  EXPECT_EQ(row("out tcp" + there), "new");
  EXPECT_EQ(row("in tcp" + back + " flags rst|ack"), "established reply");
  EXPECT_EQ(row("in tcp" + back + " flags rst|ack"), "invalid") << "refused, and forgotten";
  EXPECT_EQ(row("out tcp" + there + " flags ack"), "new") << "picked up in the middle";
  EXPECT_EQ(row("in tcp" + back + " flags ack"), "established reply");
}

/// A TCP frame with its sequence numbers.
std::vector<std::uint8_t> segment(const std::string &words, std::uint8_t sequence, std::uint8_t acknowledged) {
  auto frame = test::packet(words).frame;
  frame.at(14 + 20 + 7) = sequence;
  frame.at(14 + 20 + 11) = acknowledged;
  frame.at(14 + 20 + 15) = 100; // the window
  test::write_checksum(frame);
  return frame;
}

TEST(Connections, LifeOfTcp) {
  Row row;
  const auto out = [&](const std::string &flags, std::uint8_t sequence, std::uint8_t acknowledged) {
    return row.follow(segment("out tcp" + there + " flags " + flags, sequence, acknowledged));
  };
  const auto in = [&](const std::string &flags, std::uint8_t sequence, std::uint8_t acknowledged) {
    return row.follow(segment("in tcp" + back + " flags " + flags, sequence, acknowledged));
  };
  EXPECT_EQ(out("syn", 10, 0), "new");
  EXPECT_EQ(in("syn|ack", 20, 11), "established reply");
  EXPECT_EQ(out("ack", 11, 21), "established");
  EXPECT_EQ(out("ack", 11, 90), "invalid") << "nothing like that was sent";
  EXPECT_EQ(out("rst", 250, 0), "invalid") << "far behind the window";
  row.wait(seconds(3600));
  EXPECT_EQ(in("fin|ack", 21, 11), "established reply");
  EXPECT_EQ(out("fin|ack", 11, 22), "established");
  EXPECT_EQ(in("ack", 22, 12), "established reply");
  EXPECT_EQ(out("syn", 50, 0), "new") << "the same ends begin again";
  EXPECT_EQ(in("syn|ack", 70, 51), "established reply");
}

TEST(Connections, Icmp) {
  Row row;
  const std::string answer = "in icmp 10.0.0.2 > 10.0.0.1 type 0";
  EXPECT_EQ(row(answer), "invalid") << "nobody has asked";
  EXPECT_EQ(row("out icmp 10.0.0.1 > 10.0.0.2"), "new");
  EXPECT_EQ(row(answer), "established reply");
  EXPECT_EQ(row("out icmp 10.0.0.1 > 10.0.0.2 type 9"), "invalid") << "router advertisement";
  EXPECT_EQ(row("out icmp 10.0.0.1 > 10.0.0.2 type 200"), "invalid");
  EXPECT_EQ(row("out icmpv6 fd00::1 > fd00::2"), "new");
  EXPECT_EQ(row("in icmpv6 fd00::2 > fd00::1 type 129"), "established reply");
  for (const auto *type : {"130", "133", "135", "136", "143"})
    EXPECT_EQ(row(std::string("out icmpv6 fd00::1 > fd00::2 type ") + type), "none") << type;
  EXPECT_EQ(row("out icmpv6 fd00::1 > fd00::2 type 200"), "invalid");
}

/// An ICMP error from 10.0.0.2 about a packet.
std::vector<std::uint8_t> error_about(const std::string &words, const std::string &error) {
  const auto about = test::packet(words).frame;
  auto frame = test::packet(error).frame;
  frame.insert(frame.end(), about.begin() + 14, about.end());
  const auto length = frame.size() - 14;
  auto &low = frame.at(14 + 3);
  const auto difference = length - low;
  low = static_cast<std::uint8_t>(length);
  frame.at(14 + 11) = static_cast<std::uint8_t>(frame.at(14 + 11) - difference); // the header's checksum
  test::write_checksum(frame);
  return frame;
}

TEST(Connections, ErrorsAreRelated) {
  Row row;
  const std::string unreachable = "in icmp 10.0.0.2 > 10.0.0.1 type 3 code 3";
  const auto error = error_about("out udp" + there, unreachable);
  EXPECT_EQ(row.follow(error), "invalid") << "about nothing that is known";
  EXPECT_EQ(row("out udp" + there), "new");
  EXPECT_EQ(row.follow(error), "related reply");
  EXPECT_EQ(row("out udp" + there), "new") << "an error is no answer";
  EXPECT_EQ(row.follow(error_about("out udp 10.0.0.1:1 > 10.0.0.2:80", unreachable)), "invalid");
  EXPECT_EQ(row.follow(error_about("out udp" + there, "in icmp 10.0.0.2 > 10.0.0.9 type 3 code 3")), "invalid")
      << "it goes elsewhere";
  EXPECT_EQ(row.follow(error_about("in udp" + back, "out icmp 10.0.0.1 > 10.0.0.2 type 11")), "related");
}

TEST(Connections, Checksums) {
  Row row;
  auto frame = test::wire_packet("out udp" + there).frame;
  frame.at(14 + 20 + 6) ^= 1U;
  EXPECT_EQ(row.follow(frame), "invalid");
  EXPECT_EQ(row.follow(frame, true, true), "new") << "of a packet that is cut nothing can be said";
  frame.at(14 + 20 + 6) = frame.at(14 + 20 + 7) = 0;
  EXPECT_EQ(row.follow(frame), "new") << "UDP may do without";
  auto tcp = test::packet("out tcp" + there).frame;
  EXPECT_EQ(row.follow(tcp), "invalid");
  // The sum of the pseudo header: 10.0 + 0.1 + 10.0 + 0.2 + 6 + 20. The network card adds the rest.
  tcp.at(14 + 20 + 16) = 0x14;
  tcp.at(14 + 20 + 17) = 0x03 + 6 + 20;
  EXPECT_EQ(row.follow(tcp), "new");
}

TEST(Connections, TheyAreForgotten) {
  Row row;
  EXPECT_EQ(row("out udp" + there), "new");
  row.wait(seconds(29));
  EXPECT_EQ(row("in udp" + back), "established reply");
  row.wait(seconds(31));
  EXPECT_EQ(row("in udp" + back), "new");
  EXPECT_EQ(row("out tcp" + there), "new");
  row.wait(seconds(121));
  EXPECT_EQ(row("in tcp" + back + " flags syn|ack"), "invalid");
}

TEST(Connections, SendersAreCounted) {
  Row row;
  row("in tcp 10.0.0.2:1 > 10.0.0.1:22");
  EXPECT_EQ(row.last_count(), 1U);
  row("in tcp 10.0.0.2:1 > 10.0.0.1:22");
  EXPECT_EQ(row.last_count(), 1U) << "the same";
  row("in tcp 10.0.0.2:2 > 10.0.0.1:22");
  EXPECT_EQ(row.last_count(), 2U);
  row("in tcp 10.0.0.2:3 > 10.0.0.1:22", false);
  EXPECT_EQ(row.last_count(), 3U);
  row("in tcp 10.0.0.2:4 > 10.0.0.1:22");
  EXPECT_EQ(row.last_count(), 3U) << "the dropped one is none";
  row("in tcp 10.0.0.3:1 > 10.0.0.1:22");
  EXPECT_EQ(row.last_count(), 1U) << "of another sender";
  row("out tcp 10.0.0.1:22 > 10.0.0.2:1 flags rst|ack");
  row("in tcp 10.0.0.2:5 > 10.0.0.1:22");
  EXPECT_EQ(row.last_count(), 3U) << "one is over";
}

} // namespace
} // namespace nwgate::explain
