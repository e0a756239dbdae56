// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/bridge/icmp6_names.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <string_view>

namespace nwgate::xtables::bridge {
namespace {

constexpr Range<std::uint8_t> any_code{0, 255};
constexpr Range<std::uint8_t> code(std::uint8_t value) { return {value, value}; }

struct NamedType {
  std::uint8_t type;
  Range<std::uint8_t> code;
  std::string_view name;
};

/// ebtables' own words, which are not always those of IANA. Of several names it prints the first.
constexpr std::array named_types{
    NamedType{1, any_code, "destination-unreachable"},
    NamedType{1, code(0), "no-route"},
    NamedType{1, code(1), "communication-prohibited"},
    NamedType{1, code(2), "beyond-scope"},
    NamedType{1, code(3), "address-unreachable"},
    NamedType{1, code(4), "port-unreachable"},
    NamedType{1, code(5), "failed-policy"},
    NamedType{1, code(6), "reject-route"},
    NamedType{2, any_code, "packet-too-big"},
    NamedType{3, any_code, "time-exceeded"},
    NamedType{3, code(0), "ttl-zero-during-transit"},
    NamedType{3, code(1), "ttl-zero-during-reassembly"},
    NamedType{4, any_code, "parameter-problem"},
    NamedType{4, code(0), "bad-header"},
    NamedType{4, code(1), "unknown-header-type"},
    NamedType{4, code(2), "unknown-option"},
    NamedType{128, any_code, "echo-request"},
    NamedType{129, any_code, "echo-reply"},
    NamedType{133, any_code, "router-solicitation"},
    NamedType{134, any_code, "router-advertisement"},
    NamedType{135, any_code, "neighbour-solicitation"},
    NamedType{136, any_code, "neighbour-advertisement"},
    NamedType{137, any_code, "redirect"},
};

std::string range_text(const Range<std::uint8_t> &range) {
  return range.first == range.last ? fmt::format("{}", range.first) : fmt::format("{}:{}", range.first, range.last);
}

} // namespace

std::string icmp6_text(const Icmp6Range &range) {
  const auto is_it = [&](const NamedType &named) { return range.type == code(named.type) && range.code == named.code; };
  const auto found = std::ranges::find_if(named_types, is_it);
  return found == named_types.end() ? range_text(range.type) + '/' + range_text(range.code) : std::string(found->name);
}

} // namespace nwgate::xtables::bridge
