// SPDX-License-Identifier: LGPL-2.1-or-later
/// The bindings of cgroups, all together: a change of one is planned beside the others.
#pragma once

#include "drivers/nftables/plan.h"
#include "engine/base/result.h"
#include "tools/nwgate/bpf_cgroups.h"
#include "tools/nwgate/compiler.h"
#include "tools/nwgate/session.h"

#include <string>
#include <vector>

namespace nwgate {

struct HostCgroups {
  std::vector<CompiledCgroup> compiled;
  /// Those that have the lists of the cgroups above, too.
  std::set<std::string> merging;
  /// Of broken documents: they keep what they have.
  std::vector<CgroupName> broken;
};

/// Compiles the bindings in the files, `changed` in place of those of the same name, without those that are `leaving`.
/// Mistakes in `changed` are in `session.diagnostics`; of the others, too, if `reports_all`.
Result<HostCgroups> compile_cgroups(Session &session, Compiler &compiler, const std::vector<Binding> &changed,
                                    const std::set<std::string> &leaving, bool reports_all);

/// Looks up where the cgroups are now. Those that are not there wait: they have nothing in the kernel.
Result<nftables::DesiredCgroups> place_cgroups(const HostCgroups &host, Compiler &compiler);

/// Where the cgroup is now; nothing if it is not there.
Result<std::optional<nftables::CgroupKey>> find_cgroup(const CgroupName &name);

/// What all of them have of the backend BPF.
BpfChange all_bpf(const HostCgroups &host);

struct HostChange;
/// Has the change give all cgroups what they should have when `changed` are bound and `leaving` are not.
Result<> change_cgroups(Session &session, Compiler &compiler, const std::vector<Binding> &changed,
                        const std::set<std::string> &leaving, HostChange &change);

} // namespace nwgate
