// SPDX-License-Identifier: LGPL-2.1-or-later
/// The JSON form of `nwgate chains`.
#pragma once

#include "tools/nwgate/chains_view.h"

#include <nlohmann/json.hpp>
#include <string>

namespace nwgate {

/// What a port has sent or received.
nlohmann::ordered_json counters_json(const nftables::DirectionCounters &counters);

nlohmann::ordered_json port_json(const ListedPort &port);

} // namespace nwgate
