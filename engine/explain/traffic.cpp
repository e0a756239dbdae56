// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/explain/traffic.h"

#include "engine/explain/frame_writer.h"
#include "engine/explain/headers_end.h"
#include "engine/explain/packet_summary.h"

#include <algorithm>
#include <fmt/format.h>

namespace nwgate {
namespace {

using explain::Bytes;
using explain::IpHeader;

/// libpcap reads no longer ones; a length above is not one.
constexpr std::size_t longest_frame = 262144;

/// The rules have let the packet come to where connections are tracked: behind the ethernet layer on its way out, in
/// front of all rules on its way in.
bool reaches_tracking(const Explanation &explanation, Direction direction) {
  return direction == Direction::in || explanation.layers.empty() ||
         explanation.layers.front().layer != Layer::ethernet ||
         explanation.layers.front().verdict == VerdictKind::accept;
}

} // namespace

Traffic::Traffic(const ClosedProgram &program, const MacAddress &workload, std::optional<Direction> direction)
    : program_(program), workload_(workload), direction_(direction),
      counts_connections_(program.program.looks_at(Field::ct_count)) {}

JudgedFrame Traffic::judge(const CapturedFrame &frame) {
  JudgedFrame judged;
  auto &packet = judged.packet;
  packet.frame = frame.bytes;
  if (frame.bytes.size() < explain::ethernet_header_size) {
    packet.direction = direction_.value_or(Direction::in);
    judged.words = fmt::format("a frame of {} bytes", frame.bytes.size());
    judged.notes.emplace_back("not judged: it has no Ethernet header");
    return judged;
  }
  const auto length = std::clamp(frame.length, frame.bytes.size(), std::max(longest_frame, frame.bytes.size()));
  const bool is_cut = length > frame.bytes.size();
  packet.frame.resize(length);
  const auto ethernet = explain::ethernet_header(Bytes(packet.frame));
  packet.direction = direction_.value_or(ethernet.source == workload_ ? Direction::out : Direction::in);
  packet.state = 0;
  if (is_cut && explain::headers_end(Bytes(packet.frame)) > frame.bytes.size()) {
    judged.words = summary_of(packet, workload_);
    judged.notes.push_back(fmt::format("not judged: the capture has only {} of {} bytes, and so not all headers",
                                       frame.bytes.size(), length));
    return judged;
  }
  if (is_cut)
    judged.notes.push_back(fmt::format("the capture has {} of {} bytes: judged by the headers, the checksum is not "
                                       "looked at",
                                       frame.bytes.size(), length));
  const auto found = explain::ip_header(ethernet);
  if (const auto *ip = std::get_if<IpHeader>(&found))
    judge_ip(judged, *ip, frame);
  else
    judged.explanation = explain_packet(program_, packet);
  judged.words = summary_of(packet, workload_);
  return judged;
}

void Traffic::judge_ip(JudgedFrame &judged, const IpHeader &ip, const CapturedFrame &frame) {
  auto &packet = judged.packet;
  const auto fragment = explain::fragment_of(ip);
  if (fragment && program_.program.has_layer(ip.layer))
    judged.notes.emplace_back("a fragment: it waits for the others, and the packet is judged by the first one's "
                              "headers, as if all came");
  if (fragment && !fragment->is_first) {
    judge_later_fragment(judged, ip, fragment->id);
    return;
  }
  const bool is_cut = packet.frame.size() > frame.bytes.size();
  const auto sighting = connections_.look(ip, is_cut, frame.time);
  packet.state = sighting.state;
  packet.is_reply = sighting.is_reply;
  if (counts_connections_)
    packet.connections = connections_.count(ip, sighting, frame.time);
  judged.explanation = explain_packet(program_, packet);
  if (reaches_tracking(*judged.explanation, packet.direction))
    connections_.follow(sighting, judged.explanation->verdict == VerdictKind::accept);
  if (fragment)
    datagrams_[key_of(ip, fragment->id)] = {frame.bytes, packet.frame.size(), packet.state, packet.is_reply,
                                            packet.connections};
}

void Traffic::judge_later_fragment(JudgedFrame &judged, const IpHeader &ip, std::uint32_t id) {
  auto &packet = judged.packet;
  const auto found = datagrams_.find(key_of(ip, id));
  if (found == datagrams_.end()) {
    judged.notes.emplace_back("the first fragment is not in the capture before it");
    packet.state = connection_state::invalid;
  } else {
    const auto &first = found->second;
    packet.state = first.state;
    packet.is_reply = first.is_reply;
    packet.connections = first.connections;
    if (program_.program.has_layer(ip.layer)) {
      packet.reassembled = first.bytes;
      packet.reassembled.resize(first.length);
      std::copy_n(packet.frame.begin(), explain::ethernet_header_size, packet.reassembled.begin());
    }
  }
  judged.explanation = explain_packet(program_, packet);
}

Traffic::DatagramKey Traffic::key_of(const IpHeader &ip, std::uint32_t id) {
  explain::Tuple ends{ip.layer, ip.layer == Layer::ipv4 ? ip.protocol.value_or(0) : std::uint8_t{0}, {}, {}, 0, 0};
  const auto copy = [&](std::size_t at, std::size_t length, auto &target) {
    for (std::size_t i = 0; i < length; ++i)
      target.at(i) = static_cast<std::uint8_t>(ip.packet.u8(at + i).value());
  };
  const bool is_v4 = ip.layer == Layer::ipv4;
  const std::size_t size = is_v4 ? 4 : 16;
  const std::size_t at = is_v4 ? 12 : 8;
  copy(at, size, ends.source);
  copy(at + size, size, ends.destination);
  return {ip.layer, ends, id};
}

} // namespace nwgate
