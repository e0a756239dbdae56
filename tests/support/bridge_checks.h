// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the bridge asks of a packet of IP at a port. For a cgroup's packets the kernel has done so long before, or made
/// them itself, and nobody looks again.
#pragma once

#include "engine/explain/explain.h"

#include <cstdint>
#include <vector>

namespace nwgate::test {

/// The rules have let the packet pass so far, and the bridge drops it.
bool is_dropped_by_bridge(const Explanation &explanation);

/// The frame, which has no tag, with a right checksum of IPv4, and with destination options in the place of hop-by-hop
/// options, which only the bridge reads. To rules it is the same.
std::vector<std::uint8_t> without_bridge_checks(std::vector<std::uint8_t> frame);

/// Makes the checksum of the IPv4 header right, which may be cut off.
void write_ipv4_checksum(std::vector<std::uint8_t> &frame);

} // namespace nwgate::test
