// SPDX-License-Identifier: LGPL-2.1-or-later
/// What elements for IP packets have in common in both layers.
#pragma once

#include "row.h"

namespace nwgate::packets {

/// Addresses and masks. `packet` is one that the bare element matches.
std::vector<Row> address_rows(const Ip &packet);

/// Port numbers. The rows have `base` in front.
std::vector<Row> port_rows(const Ip &packet, const std::string &base);

} // namespace nwgate::packets
