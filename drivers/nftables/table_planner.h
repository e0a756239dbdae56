// SPDX-License-Identifier: LGPL-2.1-or-later
/// Compares one table with what it should hold.
#pragma once

#include "drivers/nftables/desired_state.h"

#include <set>
#include <string>
#include <vector>

namespace nwgate::nftables {

/// Which elements of a set, and which ports, a plan decides about.
class Touched {
public:
  Touched(const Desired &desired, const PlanContext &context);
  explicit Touched(const DesiredCgroups &desired);

  [[nodiscard]] bool has(const std::string &port) const;
  /// `element` of a set of this family and name.
  [[nodiscard]] bool has(netlink::Family family, const std::string &set, netlink::Bytes element) const;

private:
  bool everything_;
  /// Of the ports that are touched; of those that are not, if everything else is.
  std::set<std::vector<std::uint8_t>> names_, marks_;
  /// The same of cgroups.
  std::set<std::vector<std::uint8_t>> cgroups_, classids_;
};

/// What has to change, in the order in which it can be done. `present` is null if there is no such table.
void plan_table(netlink::Family family, const DesiredState &desired, const KernelTable *present, const Touched &touched,
                const PlanContext &context, bool (*is_device)(std::uint32_t), std::vector<Operation> &out);

} // namespace nwgate::nftables
