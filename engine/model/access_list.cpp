// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/model/access_list.h"

#include <array>
#include <charconv>
#include <optional>
#include <type_traits>
#include <utility>

namespace nwgate {
namespace {

struct Word {
  std::string_view name;
  std::array<std::string_view, 2> prefixes;
};
/// systemd.resource-control(5), IPAddressAllow=.
constexpr std::array<Word, 4> words = {{
    {"any", {"0.0.0.0/0", "::/0"}},
    {"localhost", {"127.0.0.0/8", "::1/128"}},
    {"link-local", {"169.254.0.0/16", "fe80::/64"}},
    {"multicast", {"224.0.0.0/4", "ff00::/8"}},
}};

template <typename Address> std::optional<Prefix> parse_prefix(std::string_view address, std::string_view length) {
  constexpr std::uint32_t bits = 8 * sizeof(Address::bytes);
  const auto parsed = Address::parse(address);
  std::uint32_t number = bits;
  const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), number);
  const bool is_number = error == std::errc() && end == length.data() + length.size();
  if (!parsed || (!length.empty() && !is_number) || number > bits)
    return std::nullopt;
  // Ipv4Address takes libvirt's forms, `10.1` and octal numbers: in a list of prefixes they would mislead.
  if (std::is_same_v<Address, Ipv4Address> && parsed->to_string() != address)
    return std::nullopt;
  return Prefix{*parsed & Address::mask(number), number};
}

std::optional<Prefix> parse_one(std::string_view text) {
  const auto slash = text.find('/');
  const auto length = slash == text.npos ? std::string_view() : text.substr(slash + 1);
  if (slash != text.npos && length.empty())
    return std::nullopt;
  const auto address = text.substr(0, slash);
  return address.find(':') == address.npos ? parse_prefix<Ipv4Address>(address, length)
                                           : parse_prefix<Ipv6Address>(address, length);
}

} // namespace

bool is_access_list_name(std::string_view variable) { return variable == "ALLOW" || variable == "DENY"; }

std::vector<Prefix> parse_access(std::string_view text) {
  std::vector<Prefix> prefixes;
  const auto add = [&](std::string_view one) {
    if (const auto prefix = parse_one(one))
      prefixes.push_back(*prefix);
  };
  for (const auto &word : words)
    if (word.name == text) {
      for (const auto prefix : word.prefixes)
        add(prefix);
      return prefixes;
    }
  add(text);
  return prefixes;
}

} // namespace nwgate
