// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/explain/ip_protocols.h"

#include <algorithm>
#include <array>

namespace nwgate::explain {
namespace {

struct Protocol {
  std::string_view name;
  std::uint8_t number;
};

constexpr std::array protocols = {Protocol{"icmp", 1},    Protocol{"igmp", 2},   Protocol{"tcp", 6},
                                  Protocol{"udp", 17},    Protocol{"esp", 50},   Protocol{"ah", 51},
                                  Protocol{"icmpv6", 58}, Protocol{"sctp", 132}, Protocol{"udplite", 136}};

} // namespace

std::string_view name_of_protocol(std::uint8_t number) {
  const auto *found = std::ranges::find(protocols, number, &Protocol::number);
  return found == protocols.end() ? std::string_view{} : found->name;
}

std::optional<std::uint8_t> find_protocol(std::string_view name) {
  const auto *found = std::ranges::find(protocols, name, &Protocol::name);
  return found == protocols.end() ? std::nullopt : std::optional(found->number);
}

} // namespace nwgate::explain
