// SPDX-License-Identifier: LGPL-2.1-or-later
/// How a network device is attached, asked of the kernel: what decides where its packets can be filtered.
#pragma once

#include "engine/base/result.h"

#include <cstdint>
#include <string>

namespace nwgate::link {

enum class Attachment : std::uint8_t {
  /// There is no such device now.
  absent,
  /// A port of a bridge of the kernel.
  bridge_port,
  /// A device of the host's own, whose packets are routed.
  routed,
  /// A macvtap or macvlan: its packets go between the workload and another device, past the host.
  macvtap,
  /// A port of a switch that the bridge family does not see, such as Open vSwitch, a bond or a team.
  other_switch,
};

/// In this network namespace. An Error says what the kernel answered.
Result<Attachment> attachment_of(const std::string &device);

} // namespace nwgate::link
