// SPDX-License-Identifier: LGPL-2.1-or-later
/// The names that ebtables has for ICMPv6 types and codes.
#pragma once

#include "drivers/xtables/rule.h"

#include <string>

namespace nwgate::xtables::bridge {

/// What `--ip6-icmp-type` prints: `destination-unreachable`, `no-route`, `1/10`, `1:11/10:11`, `200/0:255`. A
/// range of types has no name, and neither has a range of codes other than 0 to 255.
std::string icmp6_text(const Icmp6Range &range);

} // namespace nwgate::xtables::bridge
