// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/explain/sctp_track.h"

#include <algorithm>
#include <vector>

namespace nwgate::explain {
namespace {

constexpr std::size_t common_header = 12;
constexpr std::size_t chunk_header = 4;
/// Of INIT and INIT ACK, behind the chunk's header: the tag that the other side is to use, and more.
constexpr std::size_t init_header = 16;

enum Chunk : std::uint8_t {
  data = 0,
  init = 1,
  init_ack = 2,
  sack = 3,
  heartbeat = 4,
  heartbeat_ack = 5,
  abort = 6,
  shutdown = 7,
  shutdown_ack = 8,
  error = 9,
  cookie_echo = 10,
  cookie_ack = 11,
  shutdown_complete = 14,
};

/// The tag is of the other side: what is not in sync any more sends it.
constexpr std::uint32_t reflected_tag = 1;

/// Whether the tag of its packet is looked at with the chunk, not before.
bool has_tag_of_its_own(std::uint32_t type) {
  switch (type) {
  case init:
  case abort:
  case shutdown_ack:
  case shutdown_complete:
  case cookie_echo:
  case heartbeat:
  case heartbeat_ack:
    return true;
  default:
    return false;
  }
}

/// Whether it says how far the association has got.
bool changes_state(std::uint32_t type) { return type != data && type != sack && type <= shutdown_complete; }

/// Whether it stands alone in its packet.
bool is_alone(std::uint32_t type) { return type == init || type == init_ack || type == shutdown_complete; }
/// Whether it stands first.
bool is_first_chunk(std::uint32_t type) { return type == cookie_ack || type == cookie_echo || is_alone(type); }

/// A chunk can be the first thing that is heard of an association.
bool can_begin(std::uint32_t type) {
  switch (type) {
  case init:
  case init_ack:
  case shutdown:
  case shutdown_ack:
  case error:
  case cookie_echo:
  case heartbeat:
  case heartbeat_ack:
    return true;
  default:
    return false;
  }
}

class Follower {
public:
  Follower(const SctpTrack &before, Bytes packet, bool is_reply, bool is_first)
      : after_(before), packet_(packet), mine_(is_reply ? 1 : 0), is_first_(is_first) {}

  std::optional<SctpTrack> run() {
    const auto tag = packet_.u32(4);
    if (!packet_.has(0, common_header) || !tag)
      return std::nullopt;
    tag_ = *tag;
    if (!read_chunks())
      return std::nullopt;
    for (const auto &chunk : chunks_)
      if (is_first_ && !begin(chunk))
        return std::nullopt;
    const auto has = [this](auto predicate) { return std::ranges::any_of(chunks_, predicate, &Place::type); };
    has_data_ = has([](std::uint32_t type) { return type == data; });
    if (!has(has_tag_of_its_own) && tag_ != my_tag())
      return std::nullopt;
    for (const auto &chunk : chunks_)
      if (!take(chunk))
        return std::nullopt;
    return after_;
  }

private:
  struct Place {
    std::uint32_t type;
    std::size_t at;
  };

  [[nodiscard]] std::uint32_t &my_tag() { return after_.tags.at(mine_); }
  [[nodiscard]] std::uint32_t &other_tag() { return after_.tags.at(1 - mine_); }

  /// False if there are none, or they do not go together.
  bool read_chunks() {
    bool was_alone = false;
    for (std::size_t at = common_header; packet_.has(at, chunk_header);) {
      const auto type = packet_.u8(at).value();
      const auto length = packet_.u16(at + 2).value();
      if (length == 0 || was_alone || (!chunks_.empty() && is_first_chunk(type)))
        return false;
      chunks_.push_back({type, at});
      was_alone = is_alone(type);
      at += (length + 3UL) & ~3UL;
    }
    return !chunks_.empty();
  }

  [[nodiscard]] std::optional<std::uint32_t> announced_tag(const Place &chunk) const {
    return packet_.has(chunk.at + chunk_header, init_header) ? packet_.u32(chunk.at + chunk_header) : std::nullopt;
  }

  bool begin(const Place &chunk) {
    if (!can_begin(chunk.type))
      return false;
    after_.is_heartbeat = chunk.type == heartbeat;
    if (chunk.type == heartbeat || chunk.type == heartbeat_ack)
      my_tag() = tag_;
    else if (chunk.type != init)
      other_tag() = tag_;
    return true;
  }

  bool take(const Place &chunk) {
    if (!tag_is_right(chunk))
      return false;
    if (after_.stray_heartbeat == mine_ && chunk.type == heartbeat)
      return true;
    if (after_.is_heartbeat && changes_state(chunk.type) && chunk.type != heartbeat) {
      if (mine_ != 0 && chunk.type != heartbeat_ack)
        return false;
      after_.is_established |= mine_ != 0;
      after_.is_heartbeat = mine_ == 0 && chunk.type == heartbeat_ack;
    }
    switch (chunk.type) {
    case init: {
      const auto announced = announced_tag(chunk);
      if (!announced)
        return false;
      if (after_.has_begun[0] && after_.has_begun[1])
        after_.has_begun.at(1 - mine_) = false;
      after_.has_begun.at(mine_) = true;
      other_tag() = *announced;
      return true;
    }
    case init_ack: {
      const auto announced = announced_tag(chunk);
      if (!announced)
        return false;
      const bool other_has_begun = after_.has_begun.at(1 - mine_);
      const bool both_have_begun = other_has_begun && after_.has_begun.at(mine_);
      if (other_tag() != *announced && ((!other_has_begun && other_tag() != 0) || both_have_begun))
        return false;
      other_tag() = *announced;
      return true;
    }
    case cookie_ack:
      after_.has_begun = {};
      after_.is_established = true;
      return true;
    default:
      return true;
    }
  }

  bool tag_is_right(const Place &chunk) {
    switch (chunk.type) {
    case init:
      return tag_ == 0;
    case abort:
    case shutdown_complete:
      return tag_ == ((packet_.u8(chunk.at + 1).value() & reflected_tag) != 0 ? other_tag() : my_tag());
    case cookie_echo:
      return tag_ == my_tag();
    case heartbeat:
    case heartbeat_ack:
      return heartbeat_is_right(chunk.type);
    default:
      return true;
    }
  }

  bool heartbeat_is_right(std::uint32_t type) {
    if (my_tag() == 0)
      my_tag() = tag_;
    if (my_tag() == tag_) {
      after_.stray_heartbeat.reset();
      return true;
    }
    if (has_data_)
      return false;
    if (type == heartbeat) {
      after_.stray_heartbeat = mine_;
      return true;
    }
    if (!after_.stray_heartbeat || after_.stray_heartbeat == mine_)
      return false;
    after_.stray_heartbeat.reset();
    my_tag() = tag_;
    other_tag() = 0;
    return true;
  }

  SctpTrack after_;
  Bytes packet_;
  std::size_t mine_;
  bool is_first_;
  bool has_data_ = false;
  std::uint32_t tag_ = 0;
  std::vector<Place> chunks_;
};

} // namespace

std::optional<SctpTrack> follow_sctp(const SctpTrack &before, Bytes packet, bool is_reply, bool is_first) {
  return Follower(before, packet, is_reply, is_first).run();
}

std::chrono::seconds patience_of(const SctpTrack &track) {
  return std::chrono::seconds(track.is_established ? 210 : 10);
}

} // namespace nwgate::explain
