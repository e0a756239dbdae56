// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/model/binding.h"

#include <algorithm>
#include <cctype>

namespace nwgate {

bool is_port_name(std::string_view name) {
  return !name.empty() && name.size() <= max_port_name && name != "." && name != ".." &&
         std::ranges::none_of(name,
                              [](unsigned char c) { return c == '/' || c == ':' || c == 0 || std::isspace(c) != 0; });
}

} // namespace nwgate
