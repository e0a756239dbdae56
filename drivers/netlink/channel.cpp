// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/netlink/channel.h"

#include <cerrno>
#include <string>
#include <vector>

namespace nwgate::netlink {

Result<> Channel::send(std::span<const std::byte> datagram) {
  const std::string what = "cannot send " + std::to_string(datagram.size()) + " bytes to nf_tables";
  for (bool grown = false;;) {
    const std::ptrdiff_t sent = send_once(datagram);
    if (sent == -EINTR)
      continue;
    if (sent == -EMSGSIZE && !grown) {
      grow_send_buffer(datagram.size());
      grown = true;
      continue;
    }
    if (sent == -EMSGSIZE)
      return fail(what + ": the send buffer cannot grow enough (net.core.wmem_max is the limit in a user namespace)",
                  EMSGSIZE);
    if (sent < 0)
      return fail(what, static_cast<int>(-sent));
    if (static_cast<std::size_t>(sent) != datagram.size())
      return fail(what + " at once", EIO);
    return {};
  }
}

Result<Channel::Received> Channel::receive(std::span<std::byte> buffer) {
  for (;;) {
    const std::ptrdiff_t size = receive_once(buffer);
    if (size >= 0)
      return Received{static_cast<std::size_t>(size), false};
    switch (-size) {
    case EINTR:
      break;
    case EAGAIN:
      return Received{};
    case ENOBUFS:
      grow_receive_buffer();
      return Received{0, true};
    default:
      return fail("cannot receive from nf_tables", static_cast<int>(-size));
    }
  }
}

Result<> Channel::drain() {
  std::vector<std::byte> buffer(receive_size);
  for (;;) {
    auto received = receive(buffer);
    if (!received)
      return fail(std::move(received.error()));
    if (received->size == 0 && !received->lost)
      return {};
  }
}

std::uint32_t Channel::reserve_sequence(std::uint32_t count) {
  const std::uint32_t first = next_sequence_;
  next_sequence_ += count;
  return first;
}

} // namespace nwgate::netlink
