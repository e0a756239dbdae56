// SPDX-License-Identifier: LGPL-2.1-or-later
/// Counters of ports in the text format that Prometheus reads (version 0.0.4).
#pragma once

#include "drivers/nftables/port_counters.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace nwgate {

struct LabelledCounters {
  /// Names and values.
  std::vector<std::pair<std::string, std::string>> labels;
  nftables::DirectionCounters out, in;
};

/// The metrics `PREFIX_packets_total` and `PREFIX_bytes_total`, each with its HELP, which says that WHO sent or
/// received, and TYPE, and a line for each counter.
std::string prometheus_text(const std::string &prefix, const std::string &who,
                            const std::vector<LabelledCounters> &counters);

/// Those of ports.
std::string prometheus_text(const std::map<std::string, nftables::PortCounters> &ports);

} // namespace nwgate
