// SPDX-License-Identifier: LGPL-2.1-or-later
/// The bindings of cgroups, as what the kernel should have.
#pragma once

#include "drivers/cgroup/hierarchy.h"
#include "drivers/nftables/plan.h"
#include "engine/base/result.h"
#include "tools/nwgate/bpf_cgroups.h"
#include "tools/nwgate/compiler.h"
#include "tools/nwgate/placed_cgroups.h"
#include "tools/nwgate/session.h"

#include <string>
#include <vector>

namespace nwgate {

struct HostCgroups {
  std::vector<CompiledCgroup> compiled;
  /// Of broken documents: they keep what they have.
  std::vector<CgroupName> broken;
};

/// Compiles the bindings in the files. Their mistakes are in `session.diagnostics` if it `reports`.
Result<HostCgroups> compile_cgroups(Session &session, Compiler &compiler, bool reports);

/// Looks up where the cgroups are now. Those that are not there wait: they have nothing in the kernel.
Result<PlacedCgroups> place_cgroups(const HostCgroups &host, Compiler &compiler);

/// Where the cgroup is now; nothing if it is not there. `hierarchy` is looked for when it is needed first.
Result<std::optional<nftables::CgroupKey>> find_cgroup(const CgroupName &name,
                                                       std::optional<cgroup::Hierarchy> &hierarchy);

/// What all of them have of the backend BPF.
BpfChange all_bpf(const HostCgroups &host);

struct HostChange;
/// Has the change give `changed`, and those below that merge their lists, what they should have, and `leaving` nothing;
/// others keep what they have. Mistakes in `changed` are in `session.diagnostics`.
Result<> change_cgroups(Session &session, Compiler &compiler, const std::vector<Binding> &changed,
                        const std::set<std::string> &leaving, HostChange &change);

} // namespace nwgate
