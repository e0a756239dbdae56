// SPDX-License-Identifier: LGPL-2.1-or-later
/// IPv4 and IPv6 addresses.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nwgate {

struct Ipv4Address {
  /// Network byte order.
  std::array<std::uint8_t, 4> bytes{};

  /// Dotted numbers, short forms such as `10.1` included (inet_aton(3)), without blanks and not hexadecimal.
  static std::optional<Ipv4Address> parse(std::string_view text);
  /// The mask with `length` leading ones, 0 to 32.
  static Ipv4Address mask(unsigned length);
  /// The number of leading ones if this is a contiguous mask.
  [[nodiscard]] std::optional<unsigned> prefix_length() const;
  [[nodiscard]] std::string to_string() const;

  auto operator<=>(const Ipv4Address &) const = default;
};

struct Ipv6Address {
  /// Network byte order.
  std::array<std::uint8_t, 16> bytes{};

  static std::optional<Ipv6Address> parse(std::string_view text);
  /// The mask with `length` leading ones, 0 to 128.
  static Ipv6Address mask(unsigned length);
  [[nodiscard]] std::optional<unsigned> prefix_length() const;
  /// The canonical form of RFC 5952.
  [[nodiscard]] std::string to_string() const;

  auto operator<=>(const Ipv6Address &) const = default;
};

Ipv4Address operator&(const Ipv4Address &left, const Ipv4Address &right);
Ipv6Address operator&(const Ipv6Address &left, const Ipv6Address &right);

} // namespace nwgate
