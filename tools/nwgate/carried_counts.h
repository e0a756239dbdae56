// SPDX-License-Identifier: LGPL-2.1-or-later
/// What a cgroup has counted goes on when its filter moves from one backend to the other.
#pragma once

#include "drivers/bpf/counters.h"
#include "drivers/nftables/port_counters.h"
#include "tools/nwgate/change.h"

namespace nwgate {

/// What BPF has counted, as nf_tables would have.
nftables::DirectionCounters counters_of(const bpf::DirectionCounts &counts);

/// In the layout nftables: has cgroups that nf_tables counts, and that get BPF, go on from there, and the other way
/// round. What passes between this and the change is not counted.
Result<> carry_counts(const Session &session, HostChange &change, netlink::Channel &channel);

} // namespace nwgate
