// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/net/mac_address.h"

#include <bit>
#include <charconv>
#include <fmt/format.h>

namespace nwgate {

std::optional<MacAddress> MacAddress::parse(std::string_view text) {
  MacAddress result;
  const char *at = text.data();
  const char *const end = at + text.size();
  for (std::size_t group = 0; group < result.bytes.size(); ++group) {
    if (group > 0) {
      if (at == end || *at != ':')
        return std::nullopt;
      ++at;
    }
    const auto [next, error] = std::from_chars(at, end, result.bytes[group], 16);
    if (error != std::errc{} || next - at > 2)
      return std::nullopt;
    at = next;
  }
  if (at != end)
    return std::nullopt;
  return result;
}

bool MacAddress::is_mask() const {
  std::uint64_t value = 0;
  for (const auto byte : bytes)
    value = value << 8U | byte;
  return std::countl_one(value << 16U) + std::countr_zero(value | 1ULL << 48U) == 48;
}

std::string MacAddress::to_string() const { return fmt::format("{:02x}", fmt::join(bytes, ":")); }

MacAddress operator&(const MacAddress &left, const MacAddress &right) {
  MacAddress result;
  for (std::size_t i = 0; i < result.bytes.size(); ++i)
    result.bytes[i] = left.bytes[i] & right.bytes[i];
  return result;
}

} // namespace nwgate
