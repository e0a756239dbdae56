// SPDX-License-Identifier: LGPL-2.1-or-later
/// The JSON form of `nwgate chains`.
#pragma once

#include "tools/nwgate/chains_view.h"

#include <string>

namespace nwgate {

std::string to_json(const std::vector<ListedPort> &ports);

} // namespace nwgate
