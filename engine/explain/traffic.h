// SPDX-License-Identifier: LGPL-2.1-or-later
/// The frames of a capture, one after the other, and what becomes of each: connections are followed on the way.
#pragma once

#include "engine/explain/connections.h"
#include "engine/explain/explain.h"
#include "engine/explain/packet.h"
#include "engine/net/mac_address.h"

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace nwgate {

/// A frame at the workload's port.
struct CapturedFrame {
  std::chrono::nanoseconds time{};
  /// What the capture has of it.
  std::vector<std::uint8_t> bytes;
  /// On the wire, without the checksum.
  std::size_t length = 0;
};

struct JudgedFrame {
  Packet packet;
  /// As parse_packet() reads them, as far as there are words for it.
  std::string words;
  /// Nothing if the frame cannot be judged.
  std::optional<Explanation> explanation;
  /// Why it cannot be judged, or in what the judgement is less than sure.
  std::vector<std::string> notes;
};

class Traffic {
public:
  /// Without a direction, frames from the workload's address are `out`, all others `in`. The program must stay.
  Traffic(const ClosedProgram &program, const MacAddress &workload, std::optional<Direction> direction);

  /// Frames come in the order of their time.
  JudgedFrame judge(const CapturedFrame &frame);

private:
  struct FirstFragment {
    std::vector<std::uint8_t> bytes;
    std::size_t length = 0;
    std::uint32_t state = 0;
    bool is_reply = false;
    std::uint32_t connections = 1;
  };
  using DatagramKey = std::tuple<Layer, explain::Tuple, std::uint32_t>;

  void judge_ip(JudgedFrame &judged, const explain::IpHeader &ip, const CapturedFrame &frame);
  void judge_later_fragment(JudgedFrame &judged, const explain::IpHeader &ip, std::uint32_t id);
  static DatagramKey key_of(const explain::IpHeader &ip, std::uint32_t id);

  const ClosedProgram &program_;
  MacAddress workload_;
  std::optional<Direction> direction_;
  bool counts_connections_ = false;
  explain::Connections connections_;
  /// The first fragments of packets: the others share their state, and have no header of the protocol.
  std::map<DatagramKey, FirstFragment> datagrams_;
};

} // namespace nwgate
