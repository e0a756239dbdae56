// SPDX-License-Identifier: LGPL-2.1-or-later
/// What cgroups have sent and received, by the elements of the maps and sets that count.
#pragma once

#include "drivers/nftables/plan.h"
#include "drivers/nftables/port_counters.h"

#include <optional>
#include <vector>

namespace nwgate::nftables {

/// Of a state whose elements were read with counts; nothing if the kernel has nothing of the cgroup. Packets of the
/// cgroups below count as well.
std::optional<PortCounters> cgroup_counters(const KernelState &state, const CgroupKey &cgroup);

/// A cgroup that gets another program goes on counting: elements that `operations` adds begin with what the ones before
/// them had counted when `present` was read, with counts.
void carry_counts(const KernelTable &present, std::vector<Operation> &operations);

} // namespace nwgate::nftables
