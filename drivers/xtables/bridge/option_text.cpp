// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/bridge/option_text.h"

#include <fmt/format.h>

namespace nwgate::xtables::bridge {
namespace {

/// The suffix of an IP address: `/LENGTH`, `/MASK` if the mask has holes, nothing for a mask of ones.
template <typename Masked> std::string ip_text(const Masked &value) {
  auto address = (value.address & value.mask).to_string();
  const auto length = value.mask.prefix_length();
  if (length == value.mask.bytes.size() * 8)
    return address;
  return length ? fmt::format("{}/{}", address, *length) : address + '/' + value.mask.to_string();
}

template <typename T> std::string range_text(const Range<T> &range) {
  return range.first == range.last ? fmt::format("{}", range.first) : fmt::format("{}:{}", range.first, range.last);
}

} // namespace

std::string text_of(std::uint8_t number) { return fmt::format("{}", number); }
std::string text_of(std::uint16_t number) { return fmt::format("{}", number); }
std::string text_of(const MaskedIpv4 &address) { return ip_text(address); }
std::string text_of(const MaskedIpv6 &address) { return ip_text(address); }
std::string text_of(const MaskedMac &address) {
  const auto text = (address.address & address.mask).to_string();
  return address.mask == MacAddress::all_ones() ? text : text + '/' + address.mask.to_string();
}
std::string text_of(const Range<std::uint16_t> &range) { return range_text(range); }
std::string text_of(const Range<std::uint32_t> &range) { return range_text(range); }

void add_option(std::string &text, std::string_view name, bool negated, std::string_view value) {
  fmt::format_to(std::back_inserter(text), "{} {}{} ", name, negated ? "! " : "", value);
}

} // namespace nwgate::xtables::bridge
