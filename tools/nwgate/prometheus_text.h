// SPDX-License-Identifier: LGPL-2.1-or-later
/// Counters of ports in the text format that Prometheus reads (version 0.0.4).
#pragma once

#include "drivers/nftables/port_counters.h"

#include <map>
#include <string>

namespace nwgate {

/// Both metrics, each with its HELP and TYPE, and a line for each port, direction and verdict.
std::string prometheus_text(const std::map<std::string, nftables::PortCounters> &ports);

} // namespace nwgate
