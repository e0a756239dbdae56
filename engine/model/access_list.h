// SPDX-License-Identifier: LGPL-2.1-or-later
/// Lists of addresses that a cgroup may or may not speak with, as systemd.resource-control(5) has them.
#pragma once

#include "engine/net/ip_address.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace nwgate {

/// The variables of a cgroup's binding that are such lists: ALLOW and DENY.
bool is_access_list_name(std::string_view variable);

struct Prefix {
  std::variant<Ipv4Address, Ipv6Address> address;
  std::uint32_t length = 0;
};

/// What one entry of a list stands for: an address or a prefix, or the prefixes of both families that systemd means by
/// `any`, `localhost`, `link-local`, `multicast`. Bits behind a prefix's length are cleared. Nothing if it is no entry.
std::vector<Prefix> parse_access(std::string_view text);

} // namespace nwgate
