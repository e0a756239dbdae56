// SPDX-License-Identifier: LGPL-2.1-or-later
/// Differences between what the kernel holds and what it should hold, for people.
#pragma once

#include "drivers/xtables/plan.h"

#include <string>
#include <vector>

namespace nwgate::xtables {

/// One difference, in any layout.
struct Drift {
  enum class Kind : std::uint8_t {
    /// Should be there and is not.
    missing,
    /// Is there, made by nwgate, and should not be.
    left_over,
    /// Stands in a chain or table of ours and was not made by nwgate.
    foreign,
    /// The rule is right, the place in the documents that it names is not.
    moved,
  };
  Kind kind{};
  /// `bridge nat`, `ip nwgate`.
  std::string table;
  /// Empty when it is not about a chain.
  std::string chain;
  /// The rule as the layout lists it, or empty when it is the whole chain or table.
  std::string rule;
  /// The set or map; empty when it is not about one.
  std::string set;
  /// The element in words; empty when it is the whole set.
  std::string element;
  /// The port that it is of; empty for what ports share.
  std::string port;
  /// The place in a document that asks for it: of a rule, or the binding of an element.
  std::string origin;
  /// What differs, as it is shown behind the table: `chain CHAIN`, `-A CHAIN RULE`.
  std::string text;
};

/// What the plan would mend.
std::vector<Drift> drift_of(const Plan &plan);

std::string_view name_of(Drift::Kind kind);
/// `bridge nat`, `ip filter`, `ip6 filter`.
std::string_view table_text(Family family);

} // namespace nwgate::xtables
