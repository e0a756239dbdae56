// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/net/ip_address.h"

#include <algorithm>
#include <arpa/inet.h>
#include <bit>
#include <cstring>

namespace nwgate {
namespace {

template <typename Address> Address make_mask(unsigned length) {
  Address result;
  for (auto &byte : result.bytes) {
    const unsigned ones = std::min(length, 8U);
    byte = static_cast<std::uint8_t>(0xff00U >> ones);
    length -= ones;
  }
  return result;
}

template <typename Address> std::optional<unsigned> count_prefix(const Address &address) {
  unsigned length = 0;
  for (const auto byte : address.bytes) {
    length += static_cast<unsigned>(std::countl_one(byte));
    if (byte != 0xff)
      break;
  }
  return make_mask<Address>(length) == address ? std::optional(length) : std::nullopt;
}

template <typename Address> Address masked(const Address &left, const Address &right) {
  Address result;
  for (std::size_t i = 0; i < result.bytes.size(); ++i)
    result.bytes[i] = left.bytes[i] & right.bytes[i];
  return result;
}

template <typename Address> std::string format(int family, const Address &address) {
  char text[INET6_ADDRSTRLEN];
  return inet_ntop(family, address.bytes.data(), text, sizeof text);
}

} // namespace

std::optional<Ipv4Address> Ipv4Address::parse(std::string_view text) {
  // inet_aton ignores what stands behind a blank, reads hexadecimal numbers, and stops at a NUL: all refused here.
  if (text.empty() || text.find_first_not_of("0123456789.") != text.npos)
    return std::nullopt;
  in_addr parsed{};
  if (inet_aton(std::string(text).c_str(), &parsed) == 0)
    return std::nullopt;
  Ipv4Address result;
  std::memcpy(result.bytes.data(), &parsed, sizeof parsed);
  return result;
}

Ipv4Address Ipv4Address::mask(unsigned length) { return make_mask<Ipv4Address>(length); }
std::optional<unsigned> Ipv4Address::prefix_length() const { return count_prefix(*this); }
std::string Ipv4Address::to_string() const { return format(AF_INET, *this); }

std::optional<Ipv6Address> Ipv6Address::parse(std::string_view text) {
  if (text.find('\0') != text.npos)
    return std::nullopt;
  Ipv6Address result;
  if (inet_pton(AF_INET6, std::string(text).c_str(), result.bytes.data()) != 1)
    return std::nullopt;
  return result;
}

Ipv6Address Ipv6Address::mask(unsigned length) { return make_mask<Ipv6Address>(length); }
std::optional<unsigned> Ipv6Address::prefix_length() const { return count_prefix(*this); }
std::string Ipv6Address::to_string() const { return format(AF_INET6, *this); }

Ipv4Address operator&(const Ipv4Address &left, const Ipv4Address &right) { return masked(left, right); }
Ipv6Address operator&(const Ipv6Address &left, const Ipv6Address &right) { return masked(left, right); }

} // namespace nwgate
