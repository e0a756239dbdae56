// SPDX-License-Identifier: LGPL-2.1-or-later
/// By what rules know which port, or cgroup, a packet is of.
#pragma once

#include "drivers/netlink/expression_list.h"
#include "drivers/nftables/shared_program.h"

#include <cstdint>

namespace nwgate::nftables {

/// How the rules of a chain know which port a packet is of.
struct PortKey {
  enum class Kind : std::uint8_t { in_name, out_name, mark, cgroup, classid, none };
  Kind kind = Kind::in_name;
  /// The bits of the packet's mark that hold the port's number.
  std::uint32_t mark_mask = 0;
  /// Of the cgroup v2.
  std::uint32_t level = 0;

  /// Bytes at the front of a key.
  [[nodiscard]] std::uint32_t length() const;
  /// To the register 0 and the ones behind it.
  void load(netlink::ExpressionList &out) const;
};

/// What the socket of a packet is asked for.
PortKey cgroup_key(const CgroupPlace &place);

} // namespace nwgate::nftables
