// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/explain/connections.h"

#include "engine/explain/checksums.h"
#include "engine/model/value_type.h"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>

namespace nwgate::explain {
namespace {

using std::chrono::seconds;

constexpr std::size_t icmp_header = 8;
constexpr std::size_t udp_header = 8;
/// Of IPv4: what is above is of no known meaning.
constexpr std::uint32_t last_icmp_type = 18;
/// RFC 3810: a report of MLDv2.
constexpr std::uint32_t mld2_report = 143;

const Sighting invalid{connection_state::invalid, false, {}, {}, false, false};
const Sighting untracked{};

bool is_icmp(const TrackedPacket &packet) {
  return packet.layer == Layer::ipv4 ? packet.protocol == IPPROTO_ICMP : packet.protocol == IPPROTO_ICMPV6;
}

/// Multicast listeners and neighbours, which speak without connections.
bool is_housekeeping(std::uint32_t icmp6_type) {
  return (icmp6_type >= MLD_LISTENER_QUERY && icmp6_type <= ND_NEIGHBOR_ADVERT) || icmp6_type == mld2_report;
}

bool is_error(Layer layer, std::uint32_t type) {
  if (layer == Layer::ipv6)
    return type < 128;
  return type == ICMP_DEST_UNREACH || type == ICMP_SOURCE_QUENCH || type == ICMP_TIME_EXCEEDED ||
         type == ICMP_PARAMETERPROB || type == ICMP_REDIRECT;
}

/// Of UDP and UDP-Lite: the second's length is how much the sum covers, 0 for all.
bool is_valid_udp(const TrackedPacket &packet) {
  if (!packet.transport.has(0, udp_header))
    return false;
  const auto length = packet.transport.u16(4).value();
  const bool is_lite = packet.protocol == IPPROTO_UDPLITE;
  if (is_lite && packet.transport.u16(6) == 0U)
    return false;
  if (is_lite && length == 0)
    return true;
  return length >= udp_header && (!packet.is_whole || length <= packet.transport.size());
}

/// What the protocol makes of a packet in its connection.
struct Step {
  TcpStep::Outcome outcome = TcpStep::Outcome::invalid;
  std::optional<Connection> after;
};

Step follow_protocol(const TrackedPacket &packet, Connection connection, bool is_reply, bool begins, PacketTime now) {
  using Outcome = TcpStep::Outcome;
  constexpr seconds unanswered(30);
  constexpr seconds answered(120);
  constexpr seconds others(600);
  if (packet.is_whole && !checksum_holds(packet))
    return {};
  auto outcome = Outcome::valid;
  switch (packet.protocol) {
  case IPPROTO_TCP: {
    if (!is_valid_tcp(packet.transport, packet.is_whole))
      return {};
    const auto step = follow_tcp(connection.tcp, packet.transport, is_reply, connection.has_answer);
    outcome = step.outcome;
    connection.tcp = step.after;
    if (step.patience)
      connection.expires = now + *step.patience;
    break;
  }
  case IPPROTO_SCTP: {
    const auto after = follow_sctp(connection.sctp, packet.transport, is_reply, begins);
    if (!after)
      return {};
    connection.sctp = *after;
    connection.expires = now + patience_of(*after);
    break;
  }
  case IPPROTO_UDP:
  case IPPROTO_UDPLITE: {
    if (!is_valid_udp(packet))
      return {};
    const bool lasts = packet.protocol == IPPROTO_UDPLITE || now > connection.begun + seconds(2);
    connection.expires = now + (connection.has_answer && lasts ? answered : unanswered);
    break;
  }
  case IPPROTO_ICMP:
  case IPPROTO_ICMPV6:
    if (!is_icmp(packet) || (begins && !can_begin(connection.original)))
      return {};
    connection.expires = now + unanswered;
    break;
  default:
    connection.expires = now + others;
  }
  if (outcome == Outcome::invalid)
    return {outcome, connection};
  connection.has_answer |= is_reply;
  connection.has_sent.at(is_reply ? 1 : 0) = true;
  return {outcome, connection};
}

bool is_over(const Connection &connection) {
  return connection.original.protocol == IPPROTO_TCP &&
         (connection.tcp.state == TcpState::time_wait || connection.tcp.state == TcpState::closed);
}

} // namespace

Sighting Connections::look(const IpHeader &ip, bool is_cut, PacketTime now) const {
  auto packet = tracked_packet(ip);
  if (!packet)
    return invalid;
  packet->is_whole &= !is_cut;
  return is_icmp(*packet) ? look_at_icmp(*packet, now) : look_at_connection(*packet, now);
}

Sighting Connections::look_at_icmp(const TrackedPacket &packet, PacketTime now) const {
  const auto type = packet.transport.u8(0);
  if (!packet.transport.has(0, icmp_header) || !type || (packet.is_whole && !checksum_holds(packet)))
    return invalid;
  if (packet.layer == Layer::ipv6 && is_housekeeping(*type))
    return untracked;
  if (packet.layer == Layer::ipv4 && *type > last_icmp_type)
    return invalid;
  if (!is_error(packet.layer, *type))
    return look_at_connection(packet, now);
  const auto quoted = quoted_packet(packet);
  const auto sent = quoted ? tuple_of(*quoted) : std::nullopt;
  // It goes where the packet came from: the way of the answers.
  const auto answer = sent ? answer_to(*sent) : std::nullopt;
  const auto place = answer ? find(*answer, now) : std::nullopt;
  const auto outer = tuple_of(packet);
  if (!place || !outer || outer->destination != answer->destination)
    return invalid;
  return {connection_state::related, place->is_reply, {}, place->connection, false, false};
}

Sighting Connections::look_at_connection(const TrackedPacket &packet, PacketTime now) const {
  using Outcome = TcpStep::Outcome;
  const auto tuple = tuple_of(packet);
  const auto answer = tuple ? answer_to(*tuple) : std::nullopt;
  if (!answer)
    return invalid;
  Sighting sighting;
  if (const auto place = find(*tuple, now)) {
    const auto &connection = connections_.at(place->connection);
    sighting.known = place->connection;
    const auto step = follow_protocol(packet, connection, place->is_reply, false, now);
    if (step.outcome == Outcome::invalid)
      return {connection_state::invalid, false, step.after, place->connection, false, false};
    if (step.outcome != Outcome::begins_anew) {
      const bool is_answered = place->is_reply || connection.has_answer;
      sighting.state = is_answered ? connection_state::established : connection_state::new_state;
      sighting.is_reply = place->is_reply;
      sighting.after = step.after;
      sighting.ends = step.outcome == Outcome::ends;
      return sighting;
    }
  }
  Connection connection;
  connection.original = *tuple;
  connection.reply = *answer;
  connection.begun = now;
  const auto step = follow_protocol(packet, connection, false, true, now);
  if (step.outcome == Outcome::invalid)
    return invalid;
  sighting.state = connection_state::new_state;
  sighting.begins = true;
  sighting.after = step.after;
  return sighting;
}

void Connections::follow(const Sighting &sighting, bool passes) {
  if (sighting.known && (sighting.begins || sighting.ends))
    forget(*sighting.known);
  if (!sighting.after || sighting.ends)
    return;
  if (!sighting.begins) {
    connections_.at(sighting.known.value()) = *sighting.after;
    if (sighting.state != connection_state::invalid)
      note_sender(*sighting.after, *sighting.known, sighting.is_reply);
    return;
  }
  if (!passes)
    return;
  // One whose time is over may still stand there.
  for (const auto &tuple : {sighting.after->original, sighting.after->reply})
    if (const auto old = places_.find(tuple); old != places_.end())
      forget(old->second.connection);
  const auto id = ++last_id_;
  places_[sighting.after->original] = {id, false};
  places_.try_emplace(sighting.after->reply, Place{id, true}); // the same tuple, if somebody talks to itself
  connections_.emplace(id, *sighting.after);
  note_sender(*sighting.after, id, false);
}

std::uint32_t Connections::count(const IpHeader &ip, const Sighting &sighting, PacketTime now) const {
  const auto packet = tracked_packet(ip);
  const auto tuple = packet ? tuple_of(*packet) : std::nullopt;
  std::uint32_t count = 1;
  const auto sent = tuple ? sent_by_.find({tuple->layer, tuple->source}) : sent_by_.end();
  if (sent == sent_by_.end())
    return count;
  for (const auto id : sent->second) {
    const auto found = connections_.find(id);
    if (found != connections_.end() && sighting.known != id && found->second.expires > now && !is_over(found->second))
      ++count;
  }
  return count;
}

std::optional<Connections::Place> Connections::find(const Tuple &tuple, PacketTime now) const {
  const auto found = places_.find(tuple);
  if (found == places_.end() || connections_.at(found->second.connection).expires <= now)
    return std::nullopt;
  return found->second;
}

void Connections::forget(std::size_t connection) {
  const auto found = connections_.find(connection);
  if (found == connections_.end())
    return;
  for (const auto &tuple : {found->second.original, found->second.reply})
    places_.erase(tuple);
  for (const auto &tuple : {found->second.original, found->second.reply})
    if (const auto sent = sent_by_.find({tuple.layer, tuple.source}); sent != sent_by_.end())
      sent->second.erase(connection);
  connections_.erase(found);
}

void Connections::note_sender(const Connection &connection, std::size_t id, bool is_reply) {
  const auto &tuple = is_reply ? connection.reply : connection.original;
  sent_by_[{tuple.layer, tuple.source}].insert(id);
}

} // namespace nwgate::explain
