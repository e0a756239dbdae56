// SPDX-License-Identifier: LGPL-2.1-or-later
/// From filters to a program: the only file that names all passes.
#pragma once

#include "engine/program/program.h"
#include "engine/resolve/filter_source.h"
#include "engine/resolve/limits.h"

#include <optional>
#include <string_view>

namespace nwgate {

/// Resolves the top filter `top`. Nothing here depends on a binding's values. Where there is an error, nothing is
/// returned; `where` is the place that asks for the filter.
std::optional<Program> resolve(std::string_view top, const SourcePosition &where, FilterSource &source,
                               const ResolveLimits &limits, Diagnostics &diagnostics);

} // namespace nwgate
