// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/resolve/resolve.h"

#include "engine/resolve/expand_includes.h"
#include "engine/resolve/lower_to_program.h"
#include "engine/resolve/order_chains.h"

namespace nwgate {

std::optional<Program> resolve(std::string_view top, const SourcePosition &where, FilterSource &source,
                               const ResolveLimits &limits, Diagnostics &diagnostics) {
  const auto errors = diagnostics.error_count();
  auto rules = expand_includes(top, where, source, limits, diagnostics);
  if (diagnostics.error_count() != errors)
    return std::nullopt;
  return lower_to_program(top, order_chains(std::move(rules)));
}

} // namespace nwgate
