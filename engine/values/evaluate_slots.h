// SPDX-License-Identifier: LGPL-2.1-or-later
/// Fills the slots of a rule with a binding's values.
#pragma once

#include "engine/base/diagnostics.h"
#include "engine/program/program.h"
#include "engine/values/binding_values.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace nwgate {

/// One value a column; points into the binding or the program.
struct SlotValue {
  std::string_view text;
  /// Where the binding gives it; null for a default written in a filter.
  const SourcePosition *where = nullptr;
};
using Tuple = std::vector<SlotValue>;

/// Variables without a value, by their written form, with the place of a rule that uses each.
using MissingVariables = std::map<std::string, SourcePosition>;

/// The tuples of a slot in list order, repeated ones left out; none where a binding has an empty list. Missing
/// variables go into `missing`; lists of different lengths and elements beyond a list's end are reported. Nothing when
/// the slot cannot be filled.
std::optional<std::vector<Tuple>> evaluate_slot(const Slot &slot, const BindingValues &values, const ProgramRule &rule,
                                                MissingVariables &missing, Diagnostics &diagnostics);

} // namespace nwgate
