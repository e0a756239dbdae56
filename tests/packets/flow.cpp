// SPDX-License-Identifier: LGPL-2.1-or-later
#include "flow.h"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <ostream>
#include <poll.h>
#include <sys/socket.h>
#include <tuple>
#include <unistd.h>
#include <utility>

namespace nwgate::packets {
namespace {

constexpr int long_patience = 5000;
constexpr int short_patience = 250;

int patience(Expect expect) { return expect == Expect::success ? long_patience : short_patience; }

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;

  Address(const std::string &text, std::uint16_t port) {
    auto *v4 = reinterpret_cast<sockaddr_in *>(&storage);
    auto *v6 = reinterpret_cast<sockaddr_in6 *>(&storage);
    if (inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
      v4->sin_family = AF_INET;
      v4->sin_port = htons(port);
      size = sizeof *v4;
    } else {
      EXPECT_EQ(inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr), 1) << text;
      v6->sin6_family = AF_INET6;
      v6->sin6_port = htons(port);
      size = sizeof *v6;
    }
  }
  [[nodiscard]] const sockaddr *get() const { return reinterpret_cast<const sockaddr *>(&storage); }
};

/// A socket in a namespace, bound to the address unless the port is 0.
Socket bound_socket(const Namespace &space, int type, const Address &address, std::uint16_t port) {
  const Within there(space);
  Socket made(socket(address.storage.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int yes = 1;
  setsockopt(made.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (port != 0) {
    EXPECT_EQ(bind(made.get(), address.get(), address.size), 0) << "port " << port << ": " << errno;
  }
  return made;
}

Address any_address(const Address &like, std::uint16_t port) {
  return {like.storage.ss_family == AF_INET ? "0.0.0.0" : "::", port};
}

bool wait_for(const Socket &socket, short events, int milliseconds) {
  pollfd one{socket.get(), events, 0};
  return poll(&one, 1, milliseconds) == 1;
}

/// One byte from one socket to the other.
bool talk(const Socket &from, const Socket &to, int milliseconds) {
  const char said = 'x';
  char heard = 0;
  return send(from.get(), &said, 1, MSG_NOSIGNAL) == 1 && wait_for(to, POLLIN, milliseconds) &&
         recv(to.get(), &heard, 1, 0) == 1;
}

} // namespace

Socket::Socket(Socket &&other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

Socket &Socket::operator=(Socket &&other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

Socket::~Socket() {
  if (descriptor_ >= 0)
    close(descriptor_);
}

Result open_tcp(const Flow &flow, Expect expect, Connection &connection) {
  const Address server(flow.address, flow.port);
  const auto listener = bound_socket(flow.server, SOCK_STREAM, server, flow.port);
  EXPECT_EQ(listen(listener.get(), 8), 0);
  auto client = bound_socket(flow.client, SOCK_STREAM, any_address(server, flow.source_port), flow.source_port);
  std::ignore = connect(client.get(), server.get(), server.size); // it tells SO_ERROR
  if (!wait_for(client, POLLOUT, patience(expect)))
    return Result::silent;
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(client.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0)
    return error == ECONNREFUSED ? Result::refused : Result::silent;
  if (!wait_for(listener, POLLIN, long_patience))
    return Result::silent;
  connection.client = std::move(client);
  connection.server = Socket(accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  return still_talks(connection, expect) ? Result::works : Result::silent;
}

Result try_tcp(const Flow &flow, Expect expect) {
  Connection connection;
  const auto result = open_tcp(flow, expect, connection);
  const linger at_once{1, 0}; // a reset: nothing lingers that the next attempt would meet
  if (connection.client.get() >= 0)
    setsockopt(connection.client.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  return result;
}

Result knock_tcp(const Flow &flow) {
  const Address server(flow.address, flow.port);
  const auto client = bound_socket(flow.client, SOCK_STREAM, any_address(server, 0), 0);
  std::ignore = connect(client.get(), server.get(), server.size); // it tells SO_ERROR
  if (!wait_for(client, POLLOUT, short_patience))
    return Result::silent;
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(client.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error == ECONNREFUSED ? Result::refused : Result::silent;
}

bool still_talks(const Connection &connection, Expect expect) {
  return talk(connection.client, connection.server, patience(expect)) &&
         talk(connection.server, connection.client, patience(expect));
}

Result try_udp(const Flow &flow, Expect expect) {
  const Address address(flow.address, flow.port);
  const auto server = bound_socket(flow.server, SOCK_DGRAM, address, flow.port);
  const auto client = bound_socket(flow.client, SOCK_DGRAM, any_address(address, flow.source_port), flow.source_port);
  EXPECT_EQ(connect(client.get(), address.get(), address.size), 0);
  const char said = 'x';
  EXPECT_EQ(send(client.get(), &said, 1, 0), 1);
  // The server hears it, or the client hears that it may not.
  std::array<pollfd, 2> both = {pollfd{server.get(), POLLIN, 0}, pollfd{client.get(), POLLIN, 0}};
  if (poll(both.data(), both.size(), patience(expect)) <= 0)
    return Result::silent;
  char heard = 0;
  if (both[0].revents == 0)
    return recv(client.get(), &heard, 1, 0) < 0 && errno == ECONNREFUSED ? Result::refused : Result::silent;
  sockaddr_storage sender{};
  socklen_t size = sizeof sender;
  EXPECT_EQ(recvfrom(server.get(), &heard, 1, 0, reinterpret_cast<sockaddr *>(&sender), &size), 1);
  if (sendto(server.get(), &heard, 1, 0, reinterpret_cast<const sockaddr *>(&sender), size) != 1)
    return Result::silent;
  return wait_for(client, POLLIN, patience(expect)) && recv(client.get(), &heard, 1, 0) == 1 ? Result::works
                                                                                             : Result::silent;
}

void send_udp(const Flow &flow, std::size_t size) {
  const Address address(flow.address, flow.port);
  const auto client = bound_socket(flow.client, SOCK_DGRAM, any_address(address, flow.source_port), flow.source_port);
  const std::vector<char> data(size, 'x');
  EXPECT_EQ(sendto(client.get(), data.data(), size, 0, address.get(), address.size), static_cast<ssize_t>(size));
}

std::ostream &operator<<(std::ostream &out, Result result) {
  switch (result) {
  case Result::works:
    return out << "works";
  case Result::refused:
    return out << "refused";
  case Result::silent:
    break;
  }
  return out << "silent";
}

} // namespace nwgate::packets
