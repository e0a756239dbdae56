// SPDX-License-Identifier: LGPL-2.1-or-later
/// The network devices of this network namespace.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace nwgate::link {

/// The index of the device of that name; nothing if there is none.
std::optional<std::uint32_t> device_index(const std::string &name);

/// Whether there is a device of this index.
bool is_device(std::uint32_t index);

} // namespace nwgate::link
