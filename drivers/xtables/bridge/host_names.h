// SPDX-License-Identifier: LGPL-2.1-or-later
/// The names that the host's own files give to numbers, as ebtables-save looks them up.
#pragma once

#include <cstdint>
#include <string>

namespace nwgate::xtables::bridge {

/// The first name for the number in /etc/ethertypes, or `0x` and its digits. ebtables has no list of its own.
/// The file is read once.
std::string ether_type_name(std::uint16_t type);

/// The name in /etc/protocols (getprotobynumber(3)), or the number.
std::string protocol_name(std::uint8_t protocol);

} // namespace nwgate::xtables::bridge
