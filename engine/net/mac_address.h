// SPDX-License-Identifier: LGPL-2.1-or-later
/// An Ethernet address or a mask of one.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nwgate {

struct MacAddress {
  std::array<std::uint8_t, 6> bytes{};

  /// Six groups of one or two hexadecimal digits separated by `:` (nwfilter's form).
  static std::optional<MacAddress> parse(std::string_view text);
  static constexpr MacAddress all_ones() { return {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}; }

  /// True for a run of ones followed by a run of zeros, all ones and all zeros included.
  [[nodiscard]] bool is_mask() const;
  /// Lower case, two digits a group: `52:54:00:00:00:01`.
  [[nodiscard]] std::string to_string() const;

  auto operator<=>(const MacAddress &) const = default;
};

/// Byte by byte.
MacAddress operator&(const MacAddress &left, const MacAddress &right);

} // namespace nwgate
