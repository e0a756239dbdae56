// SPDX-License-Identifier: LGPL-2.1-or-later
/// What one port or cgroup needs in the three tables: a value, nothing of the kernel.
#pragma once

#include "drivers/xtables/origin_data.h"
#include "drivers/xtables/rule.h"
#include "engine/base/source_position.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nwgate {
struct Origin;
}

namespace nwgate::xtables {

struct PlacedRule {
  Rule rule;
  OriginText mark;
  /// Null for jumps.
  std::shared_ptr<const Origin> origin;
};

/// A chain of the port's own.
struct PortChain {
  Family family{};
  std::string name;
  std::vector<PlacedRule> rules;
};

/// A rule in a chain that is not the port's own: it leads packets of the port to its chains.
struct Link {
  Family family{};
  /// A base chain of the bridge family, or one of the shared chains; of a cgroup, OUTPUT or INPUT.
  std::string chain;
  Rule rule;
};

struct PortRuleset {
  /// Or the owner that stands for a cgroup (cgroup_layout.h).
  std::string port;
  /// Jump targets before the chains that jump to them.
  std::vector<PortChain> chains;
  std::vector<Link> links;

  [[nodiscard]] bool has(Family family) const;
};

} // namespace nwgate::xtables
