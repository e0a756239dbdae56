// SPDX-License-Identifier: LGPL-2.1-or-later
/// Fills a program's slots with one binding's values.
#pragma once

#include "engine/base/diagnostics.h"
#include "engine/program/program.h"
#include "engine/resolve/limits.h"
#include "engine/values/binding_values.h"

#include <optional>

namespace nwgate {

/// A rule with slots becomes one rule for each combination of their tuples, the first slot varying fastest. Missing
/// variables, values of a wrong type, and more rules than the limit are reported, all of them; nothing is returned
/// then.
std::optional<ClosedProgram> close(const Program &program, const BindingValues &values, const ResolveLimits &limits,
                                   Diagnostics &diagnostics);

} // namespace nwgate
