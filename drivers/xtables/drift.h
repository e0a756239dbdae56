// SPDX-License-Identifier: LGPL-2.1-or-later
/// Differences between what the kernel holds and what it should hold, for people.
#pragma once

#include "drivers/xtables/plan.h"

#include <string>
#include <vector>

namespace nwgate::xtables {

struct Drift {
  enum class Kind : std::uint8_t {
    /// Should be there and is not.
    missing,
    /// Is there, made by nwgate, and should not be.
    left_over,
    /// Stands in a chain of ours and was not made by nwgate.
    foreign,
    /// The rule is right, the place in the documents that it names is not.
    moved,
  };
  Kind kind{};
  Family family{};
  std::string chain;
  std::string port;
  /// The rule as the tools list it, or empty when it is the whole chain or table.
  std::string rule;
  OriginText mark;
};

/// What the plan would mend.
std::vector<Drift> drift_of(const Plan &plan);

std::string_view name_of(Drift::Kind kind);
/// `bridge nat`, `ip filter`, `ip6 filter`.
std::string_view table_text(Family family);

} // namespace nwgate::xtables
