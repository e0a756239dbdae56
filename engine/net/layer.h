// SPDX-License-Identifier: LGPL-2.1-or-later
/// Where in a packet a rule looks.
#pragma once

#include <cstdint>

namespace nwgate {

/// `ethernet` is what ebtables filters, `ipv4` and `ipv6` what iptables and ip6tables do. A frame must pass the
/// ethernet layer and then the layer of its IP version.
enum class Layer : std::uint8_t { ethernet, ipv4, ipv6 };

/// Seen from the workload: `out` leaves the VM or process, `in` reaches it.
enum class Direction : std::uint8_t { out, in };

} // namespace nwgate
