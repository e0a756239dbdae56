// SPDX-License-Identifier: LGPL-2.1-or-later
/// A `<filterbinding>` document: which port gets which filter, with which values.
#pragma once

#include "engine/model/filter.h"
#include "engine/net/mac_address.h"

#include <optional>
#include <string>

namespace nwgate {

/// Linux: IFNAMSIZ is 16 with the terminator.
inline constexpr std::size_t max_port_name = 15;

struct Binding {
  std::string owner_name;
  /// Empty when the document has none.
  std::string owner_uuid;
  /// The network device, 1 to max_port_name bytes.
  std::string port;
  /// The lower device of a macvtap, or empty.
  std::string link;
  MacAddress mac;
  FilterRef filter;
  SourcePosition where;
};

/// True for what Linux accepts as a device name (dev_valid_name): 1 to 15 bytes, not `.` or `..`, without
/// `/`, `:` and white space.
bool is_port_name(std::string_view name);

} // namespace nwgate
