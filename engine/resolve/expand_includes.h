// SPDX-License-Identifier: LGPL-2.1-or-later
/// Pass 1: replaces every filterref by the rules of the filter that it names.
#pragma once

#include "engine/program/program.h"
#include "engine/resolve/filter_source.h"
#include "engine/resolve/limits.h"

#include <memory>
#include <string>
#include <vector>

namespace nwgate {

/// A rule with what it needs to know of the documents around it. Points into the filters of the source.
struct FlatRule {
  const Rule *rule = nullptr;
  /// The filter that holds the rule: its chain is the rule's chain.
  const Filter *filter = nullptr;
  std::shared_ptr<const Origin> origin;
  /// The includes on the way, outermost first: their parameters are the rule's defaults, and the outer ones win.
  std::shared_ptr<const std::vector<const FilterRef *>> path;
};

/// Depth first, in document order. Unknown names, cycles, and too deep or too many includes are reported at the
/// include; the rest is still expanded. `top` is reported at `where` when it does not exist.
std::vector<FlatRule> expand_includes(std::string_view top, const SourcePosition &where, FilterSource &source,
                                      const ResolveLimits &limits, Diagnostics &diagnostics);

} // namespace nwgate
