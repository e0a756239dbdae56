// SPDX-License-Identifier: LGPL-2.1-or-later
/// What cgroups have sent and received, by the elements of the maps and sets that count.
#pragma once

#include "drivers/nftables/plan.h"
#include "drivers/nftables/port_counters.h"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace nwgate::nftables {

/// The counts of a table whose elements were read with them.
class CgroupCounters {
public:
  /// Views `table`, which may be null and must stay.
  explicit CgroupCounters(const KernelTable *table);

  /// Nothing if the kernel has nothing of the cgroup. Packets of the cgroups below count as well.
  [[nodiscard]] std::optional<PortCounters> of(const CgroupKey &cgroup) const;

  /// What the cgroup's element in a map or set has counted; nothing if there is none.
  [[nodiscard]] std::optional<netlink::Counts> in(const std::string &set, const std::vector<std::uint8_t> &key) const;

private:
  /// Where a map or set has the element of each key.
  using Places = std::unordered_map<std::string, std::size_t>;

  [[nodiscard]] std::string chain_of(const std::string &map, const std::vector<std::uint8_t> &key) const;

  const KernelTable *table_;
  std::map<std::string, Places> places_;
};

/// A cgroup that gets another program goes on counting: elements that `operations` adds begin with what the ones before
/// them had counted when `present` was read, with counts; or, if there were none, with what the cgroup has counted
/// elsewhere. `present` may be null.
void carry_counts(const KernelTable *present, const DesiredCgroups &desired, std::vector<Operation> &operations);

} // namespace nwgate::nftables
