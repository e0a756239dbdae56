// SPDX-License-Identifier: LGPL-2.1-or-later
/// The words for protocols of IP: IANA's numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace nwgate::explain {

/// `tcp`; empty for those that have no word.
std::string_view name_of_protocol(std::uint8_t number);
std::optional<std::uint8_t> find_protocol(std::string_view name);

} // namespace nwgate::explain
