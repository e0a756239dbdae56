// SPDX-License-Identifier: LGPL-2.1-or-later
/// Compares the elements that a set has with those that it should have: tens of thousands, in any order.
#pragma once

#include "drivers/netlink/names.h"
#include "drivers/netlink/sets.h"

#include <functional>

namespace nwgate::nftables {

struct ElementDiff {
  /// Both sorted. The old element of a key whose data changes goes, and the new one comes.
  netlink::Elements gone, fresh;
};

/// Records of `size` bytes. What is there and `decides` says no to is passed over. `wanted` is sorted.
ElementDiff diff_elements(std::size_t size, netlink::Bytes there, netlink::Bytes wanted,
                          const std::function<bool(netlink::Bytes)> &decides);

} // namespace nwgate::nftables
