// SPDX-License-Identifier: LGPL-2.1-or-later
/// Whether this kernel can track connections in the bridge family (NF_CONNTRACK_BRIDGE): found out by trying.
#pragma once

#include "drivers/netlink/channel.h"

namespace nwgate::nftables {

/// Sends a rule that asks for a connection's state, in a batch that is refused in any case, so that nothing changes.
Result<bool> tracks_bridge_connections(netlink::Channel &channel);

} // namespace nwgate::nftables
