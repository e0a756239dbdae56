// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/netlink/socket.h"

#include "drivers/netlink/generation.h"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <linux/netlink.h>
#include <sys/socket.h>

namespace nwgate::netlink {

namespace {

constexpr std::size_t first_receive_buffer = std::size_t{16} << 20;
constexpr std::size_t largest_receive_buffer = std::size_t{512} << 20;

/// `forced` needs CAP_NET_ADMIN in the first user namespace; `limited` obeys the system's limits.
void set_buffer(const mnl_socket &socket, int forced, int limited, std::size_t bytes) {
  // The kernel doubles the value.
  const int value = static_cast<int>(std::min(bytes, static_cast<std::size_t>(std::numeric_limits<int>::max() / 2)));
  const int fd = mnl_socket_get_fd(&socket);
  if (setsockopt(fd, SOL_SOCKET, forced, &value, sizeof value) != 0)
    setsockopt(fd, SOL_SOCKET, limited, &value, sizeof value);
}

} // namespace

Result<Socket> Socket::open() {
  MnlSocket opened(mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC));
  if (!opened)
    return fail("cannot open a netfilter netlink socket", errno);
  if (mnl_socket_bind(opened.get(), 0, MNL_SOCKET_AUTOPID) != 0)
    return fail("cannot bind a netfilter netlink socket", errno);
  int on = 1;
  if (mnl_socket_setsockopt(opened.get(), NETLINK_EXT_ACK, &on, sizeof on) != 0 ||
      mnl_socket_setsockopt(opened.get(), NETLINK_CAP_ACK, &on, sizeof on) != 0)
    return fail("cannot switch on the kernel's extended acknowledgements", errno);
  Socket socket(std::move(opened));
  socket.grow_receive_buffer();
  if (auto works = plain_generation(socket); !works)
    return fail(works.error());
  return socket;
}

std::uint32_t Socket::port() const { return mnl_socket_get_portid(socket_.get()); }

int Socket::descriptor() const { return mnl_socket_get_fd(socket_.get()); }

Result<> Socket::join(unsigned group) {
  if (mnl_socket_setsockopt(socket_.get(), NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0)
    return fail("cannot listen to changes of nf_tables", errno);
  return {};
}

std::ptrdiff_t Socket::send_once(std::span<const std::byte> datagram) {
  const std::ptrdiff_t sent = mnl_socket_sendto(socket_.get(), datagram.data(), datagram.size());
  return sent < 0 ? -errno : sent;
}

std::ptrdiff_t Socket::receive_once(std::span<std::byte> buffer) {
  for (;;) {
    sockaddr_nl from{};
    iovec place{.iov_base = buffer.data(), .iov_len = buffer.size()};
    msghdr message{};
    message.msg_name = &from;
    message.msg_namelen = sizeof from;
    message.msg_iov = &place;
    message.msg_iovlen = 1;
    const std::ptrdiff_t size = recvmsg(mnl_socket_get_fd(socket_.get()), &message, MSG_DONTWAIT);
    if (size < 0)
      return -errno;
    if (from.nl_pid != 0)
      continue; // another process, not the kernel
    return (message.msg_flags & MSG_TRUNC) != 0 ? -EMSGSIZE : size;
  }
}

void Socket::grow_send_buffer(std::size_t bytes) { set_buffer(*socket_, SO_SNDBUFFORCE, SO_SNDBUF, bytes); }

void Socket::grow_receive_buffer() {
  receive_buffer_ = receive_buffer_ == 0 ? first_receive_buffer : std::min(2 * receive_buffer_, largest_receive_buffer);
  set_buffer(*socket_, SO_RCVBUFFORCE, SO_RCVBUF, receive_buffer_);
}

} // namespace nwgate::netlink
