// SPDX-License-Identifier: LGPL-2.1-or-later
/// A part of a frame, which answers nothing where it ends.
#pragma once

#include "engine/net/ip_address.h"
#include "engine/net/mac_address.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>

namespace nwgate::explain {

/// Numbers are in network byte order. A view: valid as long as the frame.
class Bytes {
public:
  Bytes() = default;
  explicit Bytes(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] bool has(std::size_t at, std::size_t length) const { return at + length <= bytes_.size(); }

  [[nodiscard]] std::optional<std::uint32_t> u8(std::size_t at) const { return number(at, 1); }
  [[nodiscard]] std::optional<std::uint32_t> u16(std::size_t at) const { return number(at, 2); }
  [[nodiscard]] std::optional<std::uint32_t> u32(std::size_t at) const { return number(at, 4); }
  [[nodiscard]] std::optional<MacAddress> mac(std::size_t at) const { return address<MacAddress>(at); }
  [[nodiscard]] std::optional<Ipv4Address> ipv4(std::size_t at) const { return address<Ipv4Address>(at); }
  [[nodiscard]] std::optional<Ipv6Address> ipv6(std::size_t at) const { return address<Ipv6Address>(at); }

  /// What is behind `at`; empty when that is behind the end.
  [[nodiscard]] Bytes from(std::size_t at) const { return Bytes(bytes_.subspan(std::min(at, bytes_.size()))); }
  [[nodiscard]] Bytes first(std::size_t length) const { return Bytes(bytes_.first(std::min(length, bytes_.size()))); }

private:
  [[nodiscard]] std::optional<std::uint32_t> number(std::size_t at, std::size_t length) const {
    if (!has(at, length))
      return std::nullopt;
    std::uint32_t value = 0;
    for (const auto byte : bytes_.subspan(at, length))
      value = value << 8U | byte;
    return value;
  }

  template <typename Address> [[nodiscard]] std::optional<Address> address(std::size_t at) const {
    Address value;
    if (!has(at, value.bytes.size()))
      return std::nullopt;
    std::ranges::copy(bytes_.subspan(at, value.bytes.size()), value.bytes.begin());
    return value;
  }

  std::span<const std::uint8_t> bytes_;
};

} // namespace nwgate::explain
