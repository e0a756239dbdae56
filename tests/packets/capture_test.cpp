// SPDX-License-Identifier: LGPL-2.1-or-later
/// `nwgate explain` of a capture of mixed traffic says of each packet what the kernel has done with it. The capture is
/// taken where packets have not met a rule yet, at the far ends of the cables: what the workload sends, and what the
/// peer sends.
#include "fixture.h"
#include "tap.h"

#include <filesystem>
#include <fmt/format.h>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

namespace nwgate::packets {
namespace {

using Json = nlohmann::json;
using Bytes = std::vector<std::uint8_t>;

/// Without what the kernel changes where rules of the IP layers see a packet: what the link layer has padded is cut
/// off, and fragments of IPv6 get another identification.
Bytes comparable(Bytes frame) {
  const auto number = [&](std::size_t at) { return frame.at(at) << 8U | frame.at(at + 1); };
  constexpr std::size_t header = 14;
  if (number(12) == 0x0800)
    frame.resize(std::min<std::size_t>(frame.size(), header + static_cast<std::size_t>(number(header + 2))));
  if (number(12) == 0x86dd) {
    frame.resize(std::min<std::size_t>(frame.size(), header + 40 + static_cast<std::size_t>(number(header + 4))));
    if (frame.at(header + 6) == IPPROTO_FRAGMENT)
      std::fill_n(frame.begin() + header + 40 + 4, 4, 0);
  }
  return frame;
}

/// What both sides have sent, and what has come of it at the other.
struct Recording {
  std::vector<TappedFrame> sent_out;
  std::vector<TappedFrame> sent_in;
  std::map<Bytes, int> arrived_out;
  std::map<Bytes, int> arrived_in;
};

class Recorder {
public:
  explicit Recorder(const Network &network)
      : sent_out_(network.workload(), "v0p", Tap::Side::sent), sent_in_(network.peer(), "v1p", Tap::Side::sent),
        arrived_out_(network.peer(), "v1p", Tap::Side::received),
        arrived_in_(network.workload(), "v0p", Tap::Side::received) {}

  /// Behind the fences all that was sent before has been decided about.
  Recording stop(Wire &wire) {
    wire.send(Sender::workload, {});
    wire.send(Sender::peer, {});
    Recording recording{sent_out_.take(), sent_in_.take(), {}, {}};
    for (const auto &frame : arrived_out_.take())
      ++recording.arrived_out[comparable(frame.bytes)];
    for (const auto &frame : arrived_in_.take())
      ++recording.arrived_in[comparable(frame.bytes)];
    return recording;
  }

private:
  Tap sent_out_;
  Tap sent_in_;
  Tap arrived_out_;
  Tap arrived_in_;
};

/// How often frames of these bytes were sent, how often nwgate lets them pass, and how often they arrived.
struct Tally {
  int sent = 0;
  int accepted = 0;
  int arrived = 0;
  std::string words;
};

class Capture : public ConnectionTest {
protected:
  /// A frame of the workload's own device to the peer's.
  static Ip ip(Ip packet) {
    packet.src_mac = workload_mac;
    packet.dst_mac = peer_mac;
    return packet;
  }
  static Ip back(Ip packet) { return std::get<Ip>(mirrored(ip(std::move(packet)))); }

  void bind(const std::vector<std::string> &rules, const Parameters &parameters) {
    auto all = rules;
    all.insert(all.begin(), fence_rule);
    engine().write_rules("test", all);
    std::vector<std::string> words = {"bind", "--port", "v0", "--mac", workload_mac, "--filter", "test"};
    for (const auto &[name, value] : parameters)
      words.insert(words.end(), {"-p", fmt::format("{}={}", name, value)});
    const auto outcome = engine().command(words);
    ASSERT_TRUE(outcome.ok()) << outcome.errors;
    network().forget_connections();
  }

  void send(Sender sender, const std::vector<Frame> &frames) { wire().send(sender, frames); }

  /// Explains the frames and compares. `options` are those of the command.
  void compare(const Recording &recording, bool with_in, std::vector<std::string> options) {
    auto sent = recording.sent_out;
    if (with_in)
      sent.insert(sent.end(), recording.sent_in.begin(), recording.sent_in.end());
    std::ranges::stable_sort(sent, {}, &TappedFrame::time);
    const auto path = engine().filter_path("capture") + ".pcap";
    write_capture(path, sent);
    std::vector<std::string> words = {"explain", "v0", path, "--json"};
    words.insert(words.end(), options.begin(), options.end());
    const auto outcome = engine().command(words);
    ASSERT_TRUE(outcome.ok()) << outcome.errors;
    const auto json = Json::parse(outcome.output, nullptr, false);
    ASSERT_FALSE(json.is_discarded()) << outcome.output.substr(0, 2000);
    const auto &packets = json.at("packets");
    ASSERT_EQ(packets.size(), sent.size());

    const std::set<std::pair<std::chrono::nanoseconds, Bytes>> of_workload = pairs(recording.sent_out);
    std::map<std::pair<bool, Bytes>, Tally> tallies;
    std::size_t accepted = 0;
    std::size_t dropped = 0;
    for (std::size_t i = 0; i < sent.size(); ++i) {
      const bool is_out = of_workload.contains({sent[i].time, sent[i].bytes});
      const auto bytes = comparable(sent[i].bytes);
      auto &tally = tallies[{is_out, bytes}];
      const bool passes = packets[i].at("verdict") == "accept";
      ++(passes ? accepted : dropped);
      ++tally.sent;
      tally.accepted += passes ? 1 : 0;
      tally.words += "\n  " + explain(packets[i]);
      const auto &arrivals = is_out ? recording.arrived_out : recording.arrived_in;
      const auto arrived = arrivals.find(bytes);
      tally.arrived = arrived == arrivals.end() ? 0 : arrived->second;
      // The fence has an address of its own.
      if ((sent[i].bytes.at(12) << 8U | sent[i].bytes.at(13)) != fence_type && options.empty()) {
        EXPECT_EQ(packets[i].at("direction"), is_out ? "out" : "in") << packets[i];
      }
    }
    for (const auto &[key, tally] : tallies)
      EXPECT_EQ(tally.accepted, tally.arrived)
          << "of " << tally.sent << " sent, which nwgate explains so:" << tally.words;
    EXPECT_GT(accepted, 10U);
    EXPECT_GT(dropped, 10U);
    std::cout << fmt::format("{} packets, {} accepted, {} dropped; {} of them alike\n", sent.size(), accepted, dropped,
                             sent.size() - tallies.size());
  }

private:
  static std::string explain(const Json &packet) {
    return fmt::format("{}: {} {}", packet.at("words").get<std::string>(), packet.at("verdict").dump(),
                       packet.value("decided_by", packet.value("kernel_drops", "")));
  }

  static std::set<std::pair<std::chrono::nanoseconds, Bytes>> pairs(const std::vector<TappedFrame> &frames) {
    std::set<std::pair<std::chrono::nanoseconds, Bytes>> result;
    for (const auto &frame : frames)
      result.emplace(frame.time, frame.bytes);
    return result;
  }
};

const Parameters own_addresses = {{"IP", workload_v4}, {"IPV6", workload_v6}};

/// Rules with and without states, in both directions, over both versions of IP.
const std::vector<std::string> mixed_rules = {
    "<filterref filter='clean-traffic-dual'/>",
    "<rule action='accept' direction='out'><tcp dstportstart='80'/></rule>",
    "<rule action='accept' direction='in'><tcp dstportstart='22'/></rule>",
    "<rule action='accept' direction='out'><tcp state='NEW,ESTABLISHED' dstportstart='8080'/></rule>",
    "<rule action='accept' direction='out'><udp dstportstart='53'/></rule>",
    "<rule action='accept' direction='out'><udp state='NEW' dstportstart='67'/></rule>",
    "<rule action='accept' direction='in'><icmp state='RELATED'/></rule>",
    "<rule action='accept' direction='out'><icmp type='8' state='NEW,ESTABLISHED'/></rule>",
    "<rule action='accept' direction='in'><icmp type='0' state='ESTABLISHED'/></rule>",
    "<rule action='accept' direction='in'><sctp dstportstart='5000'/></rule>",
    "<rule action='accept' direction='out'><igmp/></rule>",
    "<rule action='drop' direction='out' priority='-990'><ip dscp='11'/></rule>",
    "<rule action='accept' direction='in'><udp state='NEW' dstportstart='4031' dstportend='4032'/></rule>",
    "<rule action='accept' direction='in'><all state='ESTABLISHED' dscp='10'/></rule>",
    "<rule action='accept' direction='in'><all state='INVALID' srcipaddr='10.0.0.2' dscp='46'/></rule>",
    "<rule action='accept' direction='out'><tcp-ipv6 dstportstart='80'/></rule>",
    "<rule action='accept' direction='in'><udp-ipv6 dstportstart='53'/></rule>",
    "<rule action='accept' direction='out'><icmpv6 type='128'/></rule>",
    drop_all,
    drop_all_ipv6,
};

TEST_F(Capture, MixedTraffic) {
  bind(mixed_rules, own_addresses);
  Recorder recorder(network());
  // Connections of the network stacks, with their answers, retransmissions and resets.
  Connection long_lasting;
  EXPECT_EQ(open_tcp(to_peer(80), Expect::success, long_lasting), Result::works);
  for (const auto &flow : {to_peer(80), from_peer(22), to_peer_v6(80)})
    EXPECT_EQ(try_tcp(flow), Result::works);
  for (const auto &flow : {to_peer(81), from_peer(80), to_peer(8080), from_peer_v6(80), to_peer(22)})
    EXPECT_EQ(try_tcp(flow, Expect::silence), Result::silent);
  for (const auto &flow : {to_peer(80), from_peer(22), to_peer_v6(80)})
    EXPECT_EQ(knock_tcp(flow), Result::refused);
  EXPECT_EQ(knock_tcp(to_peer(81)), Result::silent);
  for (const auto &flow : {to_peer(53), from_peer_v6(53)})
    EXPECT_EQ(try_udp(flow), Result::works);
  for (const auto &flow : {to_peer(54), from_peer(53), to_peer(67), to_peer_v6(53)})
    EXPECT_EQ(try_udp(flow, Expect::silence), Result::silent);
  // Frames by hand; the stacks answer those that reach them.
  for (int round = 0; round < 2; ++round) {
    send(Sender::workload,
         {ip({.protocol = IPPROTO_ICMP}), ip({.sport = 4000, .dport = 53}), ip({.sport = 4000, .dport = 9999}),
          ip({.protocol = IPPROTO_ICMP, .type = 13}), ip({.src = "10.0.0.9", .sport = 4001, .dport = 53}),
          ip({.protocol = IPPROTO_TCP, .sport = 4002, .dport = 80, .flags = ack}),
          ip({.protocol = IPPROTO_TCP, .sport = 4003, .dport = 80, .flags = syn | fin}),
          ip({.protocol = IPPROTO_TCP, .sport = 4004, .dport = 80, .flags = syn | ack}),
          ip({.protocol = IPPROTO_TCP, .sport = 4005, .dport = 80, .flags = rst}),
          ip({.sport = 4006, .dport = 53, .bad_checksum = true}), ip({.dst = "224.0.0.22", .protocol = IPPROTO_IGMP}),
          ip({.version = 6, .protocol = IPPROTO_ICMPV6}), ip({.version = 6, .protocol = IPPROTO_ICMPV6, .type = 135}),
          ip({.version = 6, .src = "fd00::9", .protocol = IPPROTO_ICMPV6}), ip({.protocol = IPPROTO_ESP}),
          // Not seen by connection tracking, and seen, though neither passes.
          ip({.tos = 11 << 2, .sport = 4031, .dport = 4031}), ip({.sport = 4032, .dport = 4032}),
          Arp{.src_mac = workload_mac, .dst_mac = peer_mac, .sender_mac = workload_mac},
          Arp{.src_mac = workload_mac, .dst_mac = peer_mac, .sender_mac = workload_mac, .sender_ip = "10.0.0.9"},
          Vlan{.src_mac = workload_mac, .dst_mac = peer_mac}, Ether{.src_mac = workload_mac, .dst_mac = peer_mac}});
    send(Sender::peer,
         {back({.protocol = IPPROTO_ICMP}), back({.protocol = IPPROTO_ICMP, .type = 0}),
          back({.sport = 4000, .dport = 53}), back({.sport = 4007, .dport = 53}),
          // An answer to what did not pass.
          back({.tos = 10 << 2, .sport = 4000, .dport = 9999}), back({.tos = 10 << 2, .sport = 4000, .dport = 53}),
          back({.sport = 4031, .dport = 4031}), back({.sport = 4032, .dport = 4032}),
          back({.protocol = IPPROTO_TCP, .sport = 22, .dport = 4008}),
          back({.protocol = IPPROTO_TCP, .sport = 22, .dport = 4009, .flags = ack}),
          back({.protocol = IPPROTO_TCP, .sport = 22, .dport = 4010, .flags = syn | ack}),
          back({.protocol = IPPROTO_SCTP, .sport = 5000, .dport = 4011}),
          back({.protocol = IPPROTO_SCTP, .sport = 5001, .dport = 4011}),
          back({.protocol = IPPROTO_ICMP, .type = 3, .code = 3, .quoted = {Ip{.sport = 4000, .dport = 53}}}),
          back({.protocol = IPPROTO_ICMP, .type = 3, .code = 3, .quoted = {Ip{.sport = 4999, .dport = 53}}}),
          back({.tos = 46 << 2, .sport = 4012, .dport = 4012, .bad_checksum = true}),
          back({.tos = 46 << 2, .sport = 4013, .dport = 4013}), back({.version = 6, .protocol = IPPROTO_ICMPV6}),
          back({.version = 6, .protocol = IPPROTO_ICMPV6, .type = 135}),
          Arp{.src_mac = peer_mac, .dst_mac = workload_mac, .sender_mac = peer_mac},
          Vlan{.src_mac = peer_mac, .dst_mac = workload_mac}, Ether{.src_mac = peer_mac, .dst_mac = workload_mac}});
  }
  EXPECT_TRUE(still_talks(long_lasting));
  const auto recording = recorder.stop(wire());
  compare(recording, true, {});
}

TEST_F(Capture, SpoofedAddresses) {
  bind(mixed_rules, own_addresses);
  Recorder recorder(network());
  for (const auto *mac : {workload_mac, mac_a, peer_mac})
    for (const auto *address : {workload_v4, "10.0.0.9", "0.0.0.0"}) {
      send(Sender::workload,
           {Ip{.src = address, .src_mac = mac, .dst_mac = peer_mac, .sport = 4000, .dport = 53},
            Ip{.src = address, .src_mac = mac, .dst_mac = peer_mac, .sport = 68, .dport = 67},
            Arp{.src_mac = mac, .dst_mac = peer_mac, .sender_mac = mac, .sender_ip = address},
            Arp{.src_mac = workload_mac, .dst_mac = peer_mac, .sender_mac = mac, .sender_ip = address},
            Vlan{.src_mac = mac, .dst_mac = peer_mac, .type = 0x0800}});
    }
  // The fence has a foreign address, too.
  compare(recorder.stop(wire()), false, {"--direction", "out"});
}

/// The kernel puts them together before the rules of the IP layers see them, and takes them apart again.
TEST_F(Capture, Fragments) {
  constexpr std::size_t size = 4000;
  bind(mixed_rules, own_addresses);
  Recorder recorder(network());
  for (int round = 0; round < 3; ++round) {
    for (const auto &flow : {to_peer(53, 4000), to_peer(54, 4000), from_peer(4000, 53), from_peer(53), from_peer_v6(53),
                             from_peer_v6(54), to_peer_v6(53)})
      send_udp(flow, size);
    send(Sender::workload, {ip({.sport = 4001, .dport = 53})});
    send(Sender::peer, {back({.sport = 4001, .dport = 53})});
  }
  compare(recorder.stop(wire()), true, {});
}

} // namespace
} // namespace nwgate::packets
