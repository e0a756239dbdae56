// SPDX-License-Identifier: LGPL-2.1-or-later
/// Caps on what filters may expand to.
#pragma once

#include <cstddef>

namespace nwgate {

struct ResolveLimits {
  /// Includes inside one another.
  unsigned include_depth = 32;
  /// Rules that one binding may expand to, counted in the closed program.
  std::size_t rules = 65536;
};

} // namespace nwgate
