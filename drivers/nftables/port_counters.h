// SPDX-License-Identifier: LGPL-2.1-or-later
/// What each port has sent and received, by the counters of its elements.
#pragma once

#include "drivers/nftables/kernel_state.h"
#include "drivers/nftables/shared_program.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace nwgate::nftables {

struct DirectionCounters {
  /// What the port's program has let through.
  netlink::Counts accepted;
  /// What it has dropped or rejected, in all layers.
  netlink::Counts dropped;
  bool operator==(const DirectionCounters &) const = default;
};

/// How the kernel has the port attached; see Attachment.
std::string_view attachment_text(Attachment attachment);

struct PortCounters {
  Attachment attachment{};
  /// The name of the port's program; see SharedProgram::name.
  std::string program;
  /// 0 without one.
  std::uint32_t mark = 0;
  DirectionCounters out, in;
};

/// Of a state whose elements were read with counts.
std::map<std::string, PortCounters> port_counters(const KernelState &state);

/// The top filter that a program was made of.
std::string filter_of(const std::string &program);

} // namespace nwgate::nftables
