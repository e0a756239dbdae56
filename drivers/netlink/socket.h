// SPDX-License-Identifier: LGPL-2.1-or-later
/// The netlink socket to the kernel's netfilter subsystems.
#pragma once

#include "drivers/netlink/channel.h"
#include "drivers/netlink/handles.h"

namespace nwgate::netlink {

/// Belongs to the network namespace in which it was opened. Keep it open: closing it, or another one, waits
/// for an RCU grace period when a rule was deleted or replaced shortly before (measured: 5 ms in the middle,
/// up to 40; otherwise 20 us). It does not wait after adding, reading or a refused batch, nor 50 ms later;
/// commits never wait.
class Socket final : public Channel {
public:
  /// With extended acknowledgements and a large receive buffer. Asks nf_tables for its generation, so that a
  /// missing CAP_NET_ADMIN (EPERM) and a kernel without nf_tables are told here.
  static Result<Socket> open();

  /// What the kernel knows this socket by, in its network namespace.
  [[nodiscard]] std::uint32_t port() const;
  /// For poll().
  [[nodiscard]] int descriptor() const;
  /// From now on also receives what the kernel tells to this group (NFNLGRP_...): for a socket that asks nothing.
  Result<> join(unsigned group);

private:
  explicit Socket(MnlSocket socket) : socket_(std::move(socket)) {}

  std::ptrdiff_t send_once(std::span<const std::byte> datagram) override;
  std::ptrdiff_t receive_once(std::span<std::byte> buffer) override;
  void grow_send_buffer(std::size_t bytes) override;
  void grow_receive_buffer() override;

  MnlSocket socket_;
  std::size_t receive_buffer_ = 0;
};

} // namespace nwgate::netlink
