// SPDX-License-Identifier: LGPL-2.1-or-later
/// What every test starts with: a network, and nwgate in its host.
#pragma once

#include "engine.h"
#include "network.h"
#include "wire.h"

#include <gtest/gtest.h>
#include <optional>

namespace nwgate::packets {

/// Without the privilege, or without what it needs of the kernel, a test is skipped, or fails if NWG_REQUIRE_KERNEL is 1.
class KernelTest : public testing::Test {
protected:
  void SetUp() override;

  [[nodiscard]] const Network &network() const { return *network_; }
  [[nodiscard]] const Engine &engine() const { return *engine_; }

private:
  std::optional<Network> network_;
  std::optional<Engine> engine_;
};

} // namespace nwgate::packets
