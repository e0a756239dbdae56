// SPDX-License-Identifier: LGPL-2.1-or-later
/// Texts of the user's in the listings of iptables-save and ip6tables-save.
#pragma once

#include <string>
#include <string_view>

namespace nwgate::xtables::ip {

/// In double quotes if there is anything but letters, digits, `_` and `-`.
std::string quoted(std::string_view text);

} // namespace nwgate::xtables::ip
