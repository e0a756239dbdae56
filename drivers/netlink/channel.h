// SPDX-License-Identifier: LGPL-2.1-or-later
/// Datagrams to and from the kernel: what transactions and read-back need of a socket, and the place where
/// tests put a socket that fails.
#pragma once

#include "drivers/netlink/names.h"
#include "engine/base/result.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace nwgate::netlink {

/// A buffer of this size holds any datagram of nf_tables. Dumps come in parts of up to 32 kB (the kernel
/// makes none larger) if the buffer has room for them: 5,000 rules in 12.4 ms, and in 15.7 ms with a buffer
/// of 4 kB.
inline constexpr std::size_t receive_size = 65536;

class Channel {
public:
  virtual ~Channel() = default;

  /// Sends one datagram, whole. Interrupted calls are repeated; a datagram larger than the send buffer makes
  /// the buffer grow once. A failure means that the kernel has seen nothing of it.
  Result<> send(std::span<const std::byte> datagram);

  struct Received {
    /// Bytes at the front of the caller's buffer; 0 when nothing is waiting.
    std::size_t size = 0;
    /// The kernel had more to say than the receive buffer could hold: something is missing from here on. The
    /// buffer has grown; size is 0 and reading can go on.
    bool lost = false;
  };
  /// Receives one datagram if there is one; never waits, because the kernel has answered a request before
  /// send() returns, and makes the next part of a dump when the one before is received. Interrupted calls are
  /// repeated. A datagram that does not fit into `buffer` is an error (EMSGSIZE), never a short answer.
  Result<Received> receive(std::span<std::byte> buffer);

  /// Throws away what is waiting from earlier requests.
  Result<> drain();

  /// The first of `count` sequence numbers that follow each other and that no other request uses.
  std::uint32_t reserve_sequence(std::uint32_t count);

  /// What generation() found the last time, counted up by commits: a guess that is likely to be true still.
  [[nodiscard]] std::optional<GenerationId> last_generation() const { return last_generation_; }
  void remember_generation(GenerationId id) { last_generation_ = id; }

protected:
  Channel() = default;
  Channel(const Channel &) = default;
  Channel &operator=(const Channel &) = default;
  Channel(Channel &&) = default;
  Channel &operator=(Channel &&) = default;

private:
  // One system call each. They return the bytes moved, or a negative errno.
  virtual std::ptrdiff_t send_once(std::span<const std::byte> datagram) = 0;
  /// -EMSGSIZE for a datagram that was cut; -EAGAIN for nothing there.
  virtual std::ptrdiff_t receive_once(std::span<std::byte> buffer) = 0;
  /// Best effort: privileges and limits may say no.
  virtual void grow_send_buffer(std::size_t bytes) = 0;
  virtual void grow_receive_buffer() = 0;

  std::uint32_t next_sequence_ = 1;
  std::optional<GenerationId> last_generation_;
};

} // namespace nwgate::netlink
