// SPDX-License-Identifier: LGPL-2.1-or-later
/// What a cgroup has counted goes on when its filter moves from one backend to the other.
#pragma once

#include "tools/nwgate/change.h"

namespace nwgate {

/// In the layout nftables: has cgroups that nf_tables counts, and that get BPF, go on from there, and the other way
/// round. What passes between this and the change is not counted.
Result<> carry_counts(const Session &session, HostChange &change, netlink::Channel &channel);

} // namespace nwgate
