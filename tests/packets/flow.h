// SPDX-License-Identifier: LGPL-2.1-or-later
/// Connections between the network stacks of two namespaces.
#pragma once

#include "network.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace nwgate::packets {

/// What became of an attempt.
enum class Result { works, refused, silent };

/// How long silence is taken for silence. What is expected to work gets far more.
enum class Expect { success, silence };

/// From whom to whom.
struct Flow {
  const Namespace &client;
  const Namespace &server;
  std::string address;
  std::uint16_t port;
  /// 0: the kernel chooses.
  std::uint16_t source_port = 0;
};

/// A socket.
class Socket {
public:
  Socket() = default;
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  Socket(Socket &&other) noexcept;
  Socket &operator=(Socket &&other) noexcept;
  ~Socket();

  [[nodiscard]] int get() const { return descriptor_; }

private:
  int descriptor_ = -1;
};

/// A TCP connection over which both sides have heard each other.
struct Connection {
  Socket client;
  Socket server;
};

/// Opens a connection, and says something in both directions.
Result open_tcp(const Flow &flow, Expect expect, Connection &connection);
/// The same, closed at once.
Result try_tcp(const Flow &flow, Expect expect = Expect::success);
/// An attempt where nobody listens.
Result knock_tcp(const Flow &flow);
/// Both sides can still talk.
bool still_talks(const Connection &connection, Expect expect = Expect::success);

/// A datagram and an answer.
Result try_udp(const Flow &flow, Expect expect = Expect::success);

/// A datagram of so many bytes, without an answer.
void send_udp(const Flow &flow, std::size_t size);

/// For messages.
std::ostream &operator<<(std::ostream &out, Result result);

} // namespace nwgate::packets
