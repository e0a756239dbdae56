// SPDX-License-Identifier: LGPL-2.1-or-later
/// The readable form of `nwgate chains`.
#pragma once

#include "tools/nwgate/chains_view.h"
#include "tools/nwgate/output.h"

#include <string>

namespace nwgate {

/// Rules with their counters and origins; the rules of a chain that is jumped to stand below the jump.
std::string to_tree(const ListedPort &port, const Colours &colours);

} // namespace nwgate
