// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

#include <cstdlib>
#include <string_view>
#include <system_error>

namespace nwgate::packets {
namespace {

bool kernel_is_required() {
  const char *value = std::getenv("NWG_REQUIRE_KERNEL");
  return value != nullptr && std::string_view(value) == "1";
}

} // namespace

void KernelTest::SetUp() {
  try {
    network_.emplace();
    engine_.emplace();
    return;
  } catch (const std::system_error &error) {
    if (kernel_is_required())
      FAIL() << error.what();
    GTEST_SKIP() << error.what();
  }
}

Wire &KernelTest::wire() { return wire_ ? *wire_ : wire_.emplace(network()); }

void ConnectionTest::SetUp() {
  KernelTest::SetUp();
  if (IsSkipped() || HasFatalFailure())
    return;
  network().add_addresses();
  wire(); // until the bridge works
}

Flow ConnectionTest::to_peer(std::uint16_t port, std::uint16_t source_port) const {
  return {network().workload(), network().peer(), peer_v4, port, source_port};
}

Flow ConnectionTest::from_peer(std::uint16_t port, std::uint16_t source_port) const {
  return {network().peer(), network().workload(), workload_v4, port, source_port};
}

Flow ConnectionTest::to_host(std::uint16_t port) const {
  return {network().workload(), network().host(), host_v4, port};
}

Flow ConnectionTest::from_host(std::uint16_t port) const {
  return {network().host(), network().workload(), workload_v4, port};
}

Flow ConnectionTest::to_peer_v6(std::uint16_t port) const {
  return {network().workload(), network().peer(), peer_v6, port};
}

Flow ConnectionTest::from_peer_v6(std::uint16_t port) const {
  return {network().peer(), network().workload(), workload_v6, port};
}

Flow ConnectionTest::to_host_v6(std::uint16_t port) const {
  return {network().workload(), network().host(), host_v6, port};
}

} // namespace nwgate::packets
