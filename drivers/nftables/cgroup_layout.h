// SPDX-License-Identifier: LGPL-2.1-or-later
/// Lays cgroups out in `table inet nwgate`: rules once for a filter, its values and a level of the tree, cgroups as
/// data. A packet's cgroup is asked for once, on the way to the rules: sets of values hold values alone, which the
/// kernel finds several times faster than a cgroup and a value (docs/performance.md).
///
///     output 0, input 0:  for each level: cgroup of the socket there -> program NAME/level-2/out, NAME/level-2/in
///     output 1, input 1:  for each level: the same, of the IP layers: NAME/level-2/out.ipv4 and so on
///
/// Each level has chains of its own at the hooks, so that what one accepts comes to the others: a packet has to be
/// accepted for the socket's cgroup and for all above it.
#pragma once

#include "drivers/nftables/desired_state.h"

#include <vector>

namespace nwgate::nftables {

/// A cgroup's key in the sets.
std::vector<std::uint8_t> cgroup_key_bytes(const CgroupPlace &place, std::uint64_t id);

/// The map that leads from cgroups at the place to the chains of a layer.
std::string cgroups_map(const CgroupPlace &place, Direction direction, Layer layer);
/// The set that counts what is dropped.
std::string cgroups_dropped_set(const CgroupPlace &place, Direction direction);

/// Reports the rules that no socket's packets can be asked for: MAC addresses, tags, ARP, STP. False if there are any.
bool suits_cgroups(const Program &program, Diagnostics &diagnostics);

/// Reports the rules that look at what comes in: by a class id the kernel finds only what sockets send. False if there
/// are any.
bool suits_classids(const Program &program, Diagnostics &diagnostics);

/// What `table inet nwgate` should hold: chains and sets of the programs, and the cgroups' elements; for cgroups that
/// are not touched, what leads to their programs. Rules that cannot be expressed are reported, with the names of the
/// bindings that have them in `at_fault`; nothing is returned then.
std::optional<DesiredState> desired_cgroups(const DesiredCgroups &desired, const KernelTable *present,
                                            const xtables::SetIndex &sets, Diagnostics &diagnostics,
                                            std::set<std::string> &at_fault);

} // namespace nwgate::nftables
