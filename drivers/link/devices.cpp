// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/link/devices.h"

#include <array>
#include <net/if.h>

namespace nwgate::link {

std::optional<std::uint32_t> device_index(const std::string &name) {
  const auto index = if_nametoindex(name.c_str());
  return index == 0 ? std::nullopt : std::optional<std::uint32_t>(index);
}

bool is_device(std::uint32_t index) {
  std::array<char, IF_NAMESIZE> name{};
  return if_indextoname(index, name.data()) != nullptr;
}

} // namespace nwgate::link
