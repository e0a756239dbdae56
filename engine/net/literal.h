// SPDX-License-Identifier: LGPL-2.1-or-later
/// A typed value that a packet's field is compared with.
#pragma once

#include "engine/net/ip_address.h"
#include "engine/net/mac_address.h"

#include <cstdint>
#include <string>
#include <variant>

namespace nwgate {

/// Numbers, prefix lengths and bit sets are uint32_t in host byte order.
using Literal = std::variant<std::uint32_t, MacAddress, Ipv4Address, Ipv6Address, std::string>;

} // namespace nwgate
