// SPDX-License-Identifier: LGPL-2.1-or-later
/// What `nwgate chains` shows of cgroups: by nf_tables in either layout, or by BPF.
#pragma once

#include "drivers/bpf/attached.h"
#include "drivers/netlink/channel.h"
#include "engine/model/cgroup.h"
#include "tools/nwgate/chains_view.h"
#include "tools/nwgate/output.h"
#include "tools/nwgate/session.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace nwgate {

struct CgroupChains {
  std::string name;
  bool is_bound = false;
  /// The cgroup exists.
  bool is_there = false;
  std::optional<ListedPort> in_nf_tables;
  /// Nothing if it is in nf_tables.
  std::optional<bpf::AttachedFilter> in_bpf;
  /// The directory where the programs are pinned.
  std::string pins;
};

/// Of each of the cgroups what it has in the kernel, whether it is bound or not.
Result<std::vector<CgroupChains>> list_cgroups(Session &session, netlink::Channel &channel,
                                               const std::vector<CgroupName> &names);

/// Null if it has nothing.
nlohmann::ordered_json cgroup_json(const CgroupChains &cgroup);
/// Of one that has nothing in nf_tables.
std::string cgroup_text(const CgroupChains &cgroup, const Colours &colours);

} // namespace nwgate
