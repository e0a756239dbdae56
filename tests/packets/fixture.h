// SPDX-License-Identifier: LGPL-2.1-or-later
/// What every test starts with: a network, and nwgate in its host.
#pragma once

#include "engine.h"
#include "flow.h"
#include "network.h"
#include "wire.h"

#include <gtest/gtest.h>
#include <optional>

namespace nwgate::packets {

/// Without the privilege, or without what it needs of the kernel, a test is skipped, or fails if NWG_REQUIRE_KERNEL
/// is 1.
class KernelTest : public testing::Test {
protected:
  void SetUp() override;

  [[nodiscard]] const Network &network() const { return *network_; }
  [[nodiscard]] const Engine &engine() const { return *engine_; }
  [[nodiscard]] Engine &engine() { return *engine_; }
  /// Made with the first use, which must be while frames pass.
  Wire &wire();

  /// The frame passes, or does not: `out` from the workload to the peer, `in` the other way.
  bool out(const Frame &frame) { return wire().passes(Sender::workload, frame); }
  bool in(const Frame &frame) { return wire().passes(Sender::peer, frame); }

private:
  std::optional<Network> network_;
  std::optional<Engine> engine_;
  std::optional<Wire> wire_;
};

/// The three have addresses, and talk.
class ConnectionTest : public KernelTest {
protected:
  void SetUp() override;

  [[nodiscard]] Flow to_peer(std::uint16_t port, std::uint16_t source_port = 0) const;
  [[nodiscard]] Flow from_peer(std::uint16_t port, std::uint16_t source_port = 0) const;
  [[nodiscard]] Flow to_host(std::uint16_t port) const;
  [[nodiscard]] Flow from_host(std::uint16_t port) const;
  /// The same over IPv6.
  [[nodiscard]] Flow to_peer_v6(std::uint16_t port) const;
  [[nodiscard]] Flow from_peer_v6(std::uint16_t port) const;
  [[nodiscard]] Flow to_host_v6(std::uint16_t port) const;
};

constexpr auto drop_all = "<rule action='drop' direction='inout' priority='1000'><all/></rule>";
constexpr auto drop_all_ipv6 = "<rule action='drop' direction='inout' priority='1000'><all-ipv6/></rule>";
constexpr auto drop_every_frame = "<rule action='drop' direction='inout' priority='1000'/>";

} // namespace nwgate::packets
