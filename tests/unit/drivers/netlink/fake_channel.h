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

class FakeChannel final : public Channel {
public:
  /// What the kernel says to the next datagram that has no answer yet. When it is used up, nothing is
  /// waiting.
  void answer(std::vector<Event> events) { answers_.push_back(std::move(events)); }
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
  std::ptrdiff_t send_once(std::span<const std::byte> datagram) override {
    if (!send_codes.empty()) {
      const int code = send_codes.front();
      send_codes.pop_front();
      return -code;
    }
    sent.emplace_back(datagram.begin(), datagram.end());
    if (!answers_.empty()) {
      waiting_.insert(waiting_.end(), answers_.front().begin(), answers_.front().end());
      answers_.pop_front();
    }
    return static_cast<std::ptrdiff_t>(short_send.value_or(datagram.size()));
  }
  std::ptrdiff_t receive_once(std::span<std::byte> buffer) override {
    if (waiting_.empty())
      return -EAGAIN;
    const Event event = std::move(waiting_.front());
    waiting_.pop_front();
    if (event.code != 0)
      return -event.code;
    if (event.data.size() > buffer.size())
      return -EMSGSIZE;
    std::memcpy(buffer.data(), event.data.data(), event.data.size());
    return static_cast<std::ptrdiff_t>(event.data.size());
  }
  void grow_send_buffer(std::size_t bytes) override { send_buffers.push_back(bytes); }
  void grow_receive_buffer() override { ++receive_buffers; }

  std::deque<std::vector<Event>> answers_;
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
