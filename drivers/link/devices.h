// SPDX-License-Identifier: LGPL-2.1-or-later
/// The network devices of this network namespace, and how they are attached: what decides where their packets can be
/// filtered.
#pragma once

#include "engine/base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

namespace nwgate::link {

enum class Attachment : std::uint8_t {
  /// A port of a bridge of the kernel.
  bridge_port,
  /// A device of the host's own, whose packets are routed.
  routed,
  /// A macvtap or macvlan: its packets go between the workload and another device, past the host.
  macvtap,
  /// A port of a switch that the bridge family does not see, such as Open vSwitch, a bond or a team.
  other_switch,
};

struct Device {
  std::uint32_t index = 0;
  Attachment attachment = Attachment::routed;
};

/// Asks the kernel for the first few names one by one, as a bind does, and for all devices at once behind them: what is
/// found then is as old as the first of the others.
class Devices {
public:
  /// Nothing if there is no such device. An Error says what the kernel answered.
  Result<std::optional<Device>> find(const std::string &name);

private:
  int asked_ = 0;
  std::optional<std::unordered_map<std::string, Device>> all_;
};

/// Whether there is a device of this index.
bool is_device(std::uint32_t index);

} // namespace nwgate::link
