// SPDX-License-Identifier: LGPL-2.1-or-later
/// A channel without a kernel: what it answers, and how it fails, is written down by the test.
#pragma once

#include "drivers/netlink/channel.h"

#include <cstdint>
#include <cstring>
#include <deque>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

namespace nwgate::netlink::testing {

using Datagram = std::vector<std::byte>;

/// One datagram, or the errno of a system call.
struct Event {
  Datagram data;
  int code = 0;
};
inline Event failing(int code) { return {{}, code}; }

/// Sequence numbers in events are counted from 1 for the first message of what is answered.
class FakeChannel final : public Channel {
public:
  /// What the kernel says to the next datagram that has no answer yet. When it is used up, nothing is
  /// waiting.
  void answer(std::vector<Event> events) { answers_.push_back({std::move(events), std::nullopt}); }
  /// The same, and the generation is another one afterwards.
  void answer_and_move(std::vector<Event> events, std::uint32_t next_generation) {
    answers_.push_back({std::move(events), next_generation});
  }
  /// Questions for the generation, and empty batches, are answered by themselves with this number, and
  /// neither use up answers nor appear in `sent`. Without a number they are like everything else.
  std::optional<std::uint32_t> generation = 1;
  /// What waits before anything is sent.
  void waiting(std::vector<Event> events) { waiting_.assign(events.begin(), events.end()); }
  /// The errnos of the next calls to send; after them it works.
  std::deque<int> send_codes;
  /// Bytes that the next call moves instead of all.
  std::optional<std::size_t> short_send;

  std::vector<Datagram> sent;
  std::vector<std::size_t> send_buffers;
  int receive_buffers = 0;

private:
  struct Answer {
    std::vector<Event> events;
    std::optional<std::uint32_t> next_generation;
  };
  std::ptrdiff_t send_once(std::span<const std::byte> datagram) override;
  std::ptrdiff_t receive_once(std::span<std::byte> buffer) override;
  void grow_send_buffer(std::size_t bytes) override { send_buffers.push_back(bytes); }
  void grow_receive_buffer() override { ++receive_buffers; }
  /// Whether the datagram was about the generation, and is answered now.
  bool answer_generation(std::span<const std::byte> datagram);
  void queue(const std::vector<Event> &events, std::span<const std::byte> question);

  std::deque<Answer> answers_;
  std::deque<Event> waiting_;
};

/// Several messages in one datagram.
Event together(std::initializer_list<Event> events);

/// An acknowledgement (0) or a refusal (errno), with the kernel's words if any.
Event ack(std::uint32_t sequence, int code = 0, const std::string &words = {});
/// The end of a dump; `flags` besides NLM_F_MULTI.
Event done(std::uint32_t sequence, std::uint16_t flags = 0, int code = 0);
/// A rule of `ip filter c` as part of a dump.
Event rule(std::uint32_t sequence, std::uint64_t handle, std::uint16_t generation = 1, std::uint16_t flags = 0);
/// A rule with one expression of this name and nothing in it.
Event rule_with_expression(std::uint32_t sequence, const std::string &name);
/// The answer to a question for the generation.
Event generation_is(std::uint32_t sequence, std::uint32_t id);

} // namespace nwgate::netlink::testing
