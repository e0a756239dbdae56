// SPDX-License-Identifier: LGPL-2.1-or-later
/// What bound cgroups have sent and received.
#pragma once

#include "drivers/nftables/port_counters.h"
#include "drivers/xtables/kernel_view.h"
#include "engine/base/result.h"
#include "tools/nwgate/session.h"

#include <map>
#include <optional>
#include <string>

namespace nwgate {

struct CgroupStats {
  std::string filter;
  /// `bpf`, `nftables`, `xtables` (by iptables' match, in that layout); `waits`, the cgroup is not there; `missing`, it
  /// is there, and nothing filters it.
  std::string backend;
  /// Of the cgroup with all below it: what its filter let through, and what it dropped.
  nftables::DirectionCounters out, in;
  /// What it and the filters of bound cgroups below it dropped.
  netlink::Counts out_dropped_below, in_dropped_below;
};

/// Of all bound cgroups, by name; broken documents are reported.
Result<std::map<std::string, CgroupStats>> cgroup_stats(Session &session);

/// In the layout xtables: the links count all packets of a cgroup, the rules that drop or reject those that it was
/// denied. Nothing if the owner has no link.
std::optional<nftables::PortCounters> xtables_cgroup_counters(const xtables::KernelView &view,
                                                              const std::string &owner);

std::string cgroup_stats_table(const std::map<std::string, CgroupStats> &cgroups);
std::string cgroup_stats_json(const std::map<std::string, CgroupStats> &cgroups);
std::string cgroup_stats_prometheus(const std::map<std::string, CgroupStats> &cgroups);

} // namespace nwgate
