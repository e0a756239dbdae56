// SPDX-License-Identifier: LGPL-2.1-or-later
/// Random packets of few connections: the kernel's connection tracking and engine/explain say the same of each. A rule
/// of the test's own writes what the kernel says into the packet, where it is read at the other side.
///
/// NWG_TRACKING_PACKETS and NWG_TRACKING_SEED ask for more than the normal run has.
#include "fixture.h"
#include "tap.h"

#include "engine/explain/connections.h"
#include "engine/model/value_type.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fmt/format.h>
#include <map>
#include <random>
#include <thread>

namespace nwgate::packets {
namespace {

/// A state becomes the DSCP; that of a reply is larger by 8.
constexpr std::array states = {std::pair{"invalid", connection_state::invalid},
                               std::pair{"new", connection_state::new_state},
                               std::pair{"established", connection_state::established},
                               std::pair{"related", connection_state::related}, std::pair{"untracked", 0U}};

std::string rules_that_write_states() {
  std::string rules;
  for (const auto *family : {"ip", "ip6"})
    for (std::size_t i = 0; i < states.size(); ++i) {
      rules += fmt::format("ct state {} {} dscp set {}\n", states[i].first, family, i + 1);
      if (states[i].second != 0 && states[i].second != connection_state::invalid)
        rules += fmt::format("ct state {} ct direction reply {} dscp set {}\n", states[i].first, family, i + 9);
    }
  return "table inet states { chain everything { type filter hook prerouting priority 10;\n" + rules + "}; }\n";
}

std::string word(std::size_t dscp) {
  const auto index = (dscp & 7U) - 1;
  if (index >= states.size())
    return fmt::format("dscp {}", dscp);
  return std::string(states.at(index).first) + (dscp >= 8 ? " reply" : "");
}

std::string word(const explain::Sighting &sighting) {
  const auto *found = std::ranges::find(states, sighting.state, [](const auto &state) { return state.second; });
  return std::string(found->first) + (sighting.is_reply ? " reply" : "");
}

std::uint32_t setting(const char *name, std::uint32_t otherwise) {
  const char *value = std::getenv(name);
  return value == nullptr ? otherwise : static_cast<std::uint32_t>(std::strtoul(value, nullptr, 10));
}

std::vector<TappedFrame> wait_for_frames(Tap &tap) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  auto frames = tap.take();
  while (frames.empty() && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::microseconds(100));
    frames = tap.take();
  }
  return frames;
}

struct Sent {
  Sender sender{};
  Ip packet;
};

class RandomPackets {
public:
  explicit RandomPackets(std::uint32_t seed) : random_(seed) {}

  /// The next packets are of other connections: of few, which get far, or of many.
  void begin_again() { has_many_ends_ = chance(2); }

  Sent next() {
    Sent sent{one_of({Sender::workload, Sender::peer}), {}};
    auto &packet = sent.packet;
    packet.version = one_of<std::uint8_t>({4, 4, 6});
    packet.sport = has_many_ends_ ? one_of<std::uint16_t>({1000, 1001}) : 1000;
    packet.dport = has_many_ends_ ? one_of<std::uint16_t>({2000, 2001}) : 2000;
    choose_protocol(packet);
    if (chance(30))
      packet.bad_checksum = packet.protocol == IPPROTO_TCP || packet.protocol == IPPROTO_UDP;
    if (sent.sender == Sender::peer)
      packet = std::get<Ip>(mirrored(packet));
    return sent;
  }

private:
  bool chance(int one_in) { return random_() % static_cast<unsigned>(one_in) == 0; }
  template <typename Value> Value one_of(std::initializer_list<Value> values) {
    return values.begin()[random_() % values.size()];
  }

  void choose_protocol(Ip &packet) {
    const bool is_v4 = packet.version == 4;
    const std::uint8_t icmp = is_v4 ? std::uint8_t{IPPROTO_ICMP} : std::uint8_t{IPPROTO_ICMPV6};
    packet.protocol = one_of<std::uint8_t>({IPPROTO_TCP, IPPROTO_TCP, IPPROTO_TCP, IPPROTO_TCP, IPPROTO_UDP, icmp, icmp,
                                            IPPROTO_SCTP, IPPROTO_UDPLITE, IPPROTO_ESP, 253});
    if (packet.protocol == IPPROTO_TCP) {
      choose_segment(packet);
    } else if (packet.protocol == icmp) {
      packet.type =
          is_v4 ? one_of({8, 8, 0, 0, 13, 14, 3, 5, 9, 40}) : one_of({128, 128, 129, 129, 135, 136, 1, 143, 200});
      packet.code = one_of<std::uint8_t>({0, 0, 0, 1});
      if (packet.type == 3)
        packet.quoted = {quoted()};
    } else if (packet.protocol == IPPROTO_SCTP) {
      packet.chunk = one_of<std::uint8_t>({0, 1, 1, 2, 2, 6, 10, 11, 14});
      packet.acknowledged = packet.chunk == 1 ? 0 : one_of({1U, 1U, 7U});
      packet.sequence = 1;
    }
  }

  /// Numbers that fit, and at times not.
  void choose_segment(Ip &packet) {
    constexpr std::uint8_t none = 0;
    packet.flags = one_of<std::uint8_t>(
        {syn, syn, syn | ack, syn | ack, ack, ack, ack, ack | psh, fin | ack, fin | ack, rst, rst | ack});
    if (chance(20))
      packet.flags =
          one_of<std::uint8_t>({none, fin, syn | fin, syn | rst, ack | urg, syn | ack | urg, fin | rst, psh});
    packet.sequence = one_of({0U, 1U, 1U, 1U, 17U, 18U, 34U, 9000U});
    packet.acknowledged = (packet.flags & ack) != 0 ? one_of({0U, 17U, 17U, 18U, 18U, 33U, 5000U}) : 0;
    if (chance(4))
      packet.options = {3, 4};
  }

  /// A packet of the other side, or one that nobody has sent. An error quotes the first bytes only.
  Ip quoted() {
    Ip packet{.sport = one_of<std::uint16_t>({1000, 1001}), .dport = one_of<std::uint16_t>({2000, 2001, 9})};
    packet.protocol = one_of<std::uint8_t>({IPPROTO_TCP, IPPROTO_UDP});
    return chance(2) ? packet : std::get<Ip>(mirrored(packet));
  }

  std::mt19937 random_;
  bool has_many_ends_ = true;
};

class Tracking : public KernelTest {};

TEST_F(Tracking, TheKernelSaysWhatTheInterpreterSays) {
  must_run({"nft", "-f", "-"}, rules_that_write_states());
  wire(); // until the bridge works; from here on all is on one processor
  network().forget_connections();
  const PacketSocket workload(network().workload(), "v0p");
  const PacketSocket peer(network().peer(), "v1p");
  Tap at_workload(network().workload(), "v0p", Tap::Side::received);
  Tap at_peer(network().peer(), "v1p", Tap::Side::received);
  RandomPackets packets(setting("NWG_TRACKING_SEED", 1));
  explain::Connections connections;
  std::map<std::string, int> seen;
  const auto count = setting("NWG_TRACKING_PACKETS", 3000);
  std::vector<std::string> before;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (i % 100 == 0) { // every beginning again
      network().forget_connections();
      connections = {};
      packets.begin_again();
      before.clear();
    }
    const auto sent = packets.next();
    const auto bytes = bytes_of(sent.packet, "nwgate:00000000.");
    const bool is_out = sent.sender == Sender::workload;
    (is_out ? workload : peer).send(bytes);
    const auto arrived = wait_for_frames(is_out ? at_peer : at_workload);
    const auto ip = explain::ip_header(explain::ethernet_header(explain::Bytes(bytes)));
    const auto sighting = connections.look(std::get<explain::IpHeader>(ip), false, {});
    const auto description =
        fmt::format("{} {} version {} protocol {} ports {} {} flags {:#x} seq {} ack {} type {} code {} chunk {}", i,
                    is_out ? "out" : "in", sent.packet.version, sent.packet.protocol, sent.packet.sport,
                    sent.packet.dport, sent.packet.flags, sent.packet.sequence, sent.packet.acknowledged,
                    sent.packet.type, sent.packet.code, sent.packet.chunk);
    before.push_back(description + ": " + word(sighting));
    ASSERT_EQ(arrived.size(), 1U) << description;
    const auto &there = arrived.front().bytes;
    const auto dscp = sent.packet.version == 4 ? there[15] >> 2U : (there[14] & 0xfU) << 2U | there[15] >> 6U;
    ASSERT_EQ(word(sighting), word(dscp)) << fmt::format("{}", fmt::join(before, "\n"));
    ++seen[fmt::format("{:3} {}", sent.packet.protocol, word(dscp))];
    connections.follow(sighting, true);
  }
  for (const auto &[what, times] : seen)
    std::cout << what << ": " << times << '\n';
  EXPECT_GT(seen.size(), 20U) << "too few states were seen to say anything";
}

} // namespace
} // namespace nwgate::packets
