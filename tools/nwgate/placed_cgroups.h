// SPDX-License-Identifier: LGPL-2.1-or-later
/// Bound cgroups that are there, with what they should have in nf_tables.
#pragma once

#include "drivers/nftables/plan.h"
#include "drivers/xtables/ruleset.h"
#include "engine/model/cgroup.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace nwgate {

struct PlacedCgroups {
  struct Cgroup {
    CgroupName name;
    /// What the kernel knows it by, or the class id.
    std::uint64_t id = 0;
    /// Its chains, in the layout xtables.
    std::shared_ptr<const xtables::PortRuleset> ruleset;
  };
  std::vector<Cgroup> cgroups;
  /// The same in the layout nftables, in the same order; in either, those that keep what they have.
  nftables::DesiredCgroups in_nftables;
};

} // namespace nwgate
