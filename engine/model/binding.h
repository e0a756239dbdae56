// SPDX-License-Identifier: LGPL-2.1-or-later
/// What gets which filter, with which values: a port by a `<filterbinding>` document, a cgroup by a `<cgroupbinding>`.
#pragma once

#include "engine/model/cgroup.h"
#include "engine/model/filter.h"
#include "engine/net/mac_address.h"

#include <optional>
#include <string>
#include <string_view>

namespace nwgate {

/// Linux: IFNAMSIZ is 16 with the terminator.
inline constexpr std::size_t max_port_name = 15;

/// What filters a cgroup's packets in the kernel.
enum class Backend : std::uint8_t {
  /// The one that can express all rules; where both can, BPF.
  automatic,
  nftables,
  bpf,
};

/// `auto`, `nftables`, `bpf`.
std::string_view name_of(Backend backend);
std::optional<Backend> find_backend(std::string_view name);

struct Binding {
  std::string owner_name;
  /// Empty when the document has none.
  std::string owner_uuid;
  /// The network device, 1 to max_port_name bytes.
  std::string port;
  /// The lower device of a macvtap, or empty.
  std::string link;
  MacAddress mac;
  /// Of a cgroup's binding, which has no port, link and MAC address.
  std::optional<CgroupName> cgroup;
  Backend backend = Backend::automatic;
  /// The lists of the cgroups above are this one's as well (docs/cgroups.md).
  bool merges_lists = false;
  FilterRef filter;
  SourcePosition where;

  /// The port, or the cgroup's name. It tells which of the two it is.
  [[nodiscard]] std::string name() const { return cgroup ? cgroup->to_string() : port; }
};

/// True for what Linux accepts as a device name (dev_valid_name): 1 to 15 bytes, not `.` or `..`, without
/// `/`, `:` and white space.
bool is_port_name(std::string_view name);

} // namespace nwgate
