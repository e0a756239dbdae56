// SPDX-License-Identifier: LGPL-2.1-or-later
/// The connections that a row of packets makes, as the kernel's connection tracking (nf_conntrack) follows them with
/// its default settings: it picks up connections in their middle, and looks at checksums.
#pragma once

#include "engine/explain/sctp_track.h"
#include "engine/explain/tcp_track.h"
#include "engine/explain/tuple.h"

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace nwgate::explain {

/// Since some beginning, the same for all packets.
using PacketTime = std::chrono::nanoseconds;

struct Connection {
  Tuple original;
  Tuple reply;
  bool has_answer = false;
  /// Who has sent: the side that began, and the other one.
  std::array<bool, 2> has_sent{};
  TcpTrack tcp;
  SctpTrack sctp;
  PacketTime begun{};
  PacketTime expires{};
};

/// What is found out about a packet, for connections to be brought up to date with.
struct Sighting {
  /// One of connection_state; 0 for what is not tracked, as neighbour discovery.
  std::uint32_t state = 0;
  /// It comes from the side that did not begin.
  bool is_reply = false;
  /// The connection as this packet leaves it. Nothing if it has none, or does not change it.
  std::optional<Connection> after;
  /// The known connection that it belongs to; it has to give way if the packet begins another.
  std::optional<std::size_t> known;
  bool begins = false;
  bool ends = false;
};

class Connections {
public:
  /// What connection tracking says of a packet that it gets to see. `is_cut`: the capture lacks its end.
  [[nodiscard]] Sighting look(const IpHeader &ip, bool is_cut, PacketTime now) const;

  /// What comes of it. A connection that begins is kept only if its packet passes; one that is known has changed
  /// whether or not it does.
  void follow(const Sighting &sighting, bool passes);

  /// How many connections the packet's sender has, the packet's own included: those over which it has sent, in
  /// either direction, and which are not over.
  [[nodiscard]] std::uint32_t count(const IpHeader &ip, const Sighting &sighting, PacketTime now) const;

private:
  struct Place {
    std::size_t connection = 0;
    bool is_reply = false;
  };
  using Sender = std::pair<Layer, std::array<std::uint8_t, 16>>;

  [[nodiscard]] std::optional<Place> find(const Tuple &tuple, PacketTime now) const;
  [[nodiscard]] Sighting look_at_icmp(const TrackedPacket &packet, PacketTime now) const;
  [[nodiscard]] Sighting look_at_connection(const TrackedPacket &packet, PacketTime now) const;
  void forget(std::size_t connection);
  void note_sender(const Connection &connection, std::size_t id, bool is_reply);

  std::map<std::size_t, Connection> connections_;
  std::size_t last_id_ = 0;
  /// Of both directions of each.
  std::map<Tuple, Place> places_;
  std::map<Sender, std::set<std::size_t>> sent_by_;
};

} // namespace nwgate::explain
