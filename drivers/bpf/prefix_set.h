// SPDX-License-Identifier: LGPL-2.1-or-later
/// Sets of addresses, as prefixes.
#pragma once

#include "engine/net/ip_address.h"

#include <array>
#include <compare>
#include <cstdint>
#include <vector>

namespace nwgate::bpf {

struct Prefix {
  /// Network byte order; of IPv4 the first four. What is behind the prefix is 0.
  std::array<std::uint8_t, 16> address{};
  /// In bits.
  std::uint8_t length = 0;
  auto operator<=>(const Prefix &) const = default;
};

Prefix prefix_of(const Ipv4Address &address, unsigned length);
Prefix prefix_of(const Ipv6Address &address, unsigned length);

/// The same addresses, sorted, without prefixes that lie in others.
std::vector<Prefix> merged(std::vector<Prefix> prefixes);

} // namespace nwgate::bpf
