// SPDX-License-Identifier: LGPL-2.1-or-later
/// Whether connection tracking takes a packet's checksum for right.
#pragma once

#include "engine/explain/tuple.h"

namespace nwgate::explain {

/// Of TCP, UDP, UDP-Lite, ICMP, ICMPv6 and SCTP; true for others. A sum that a network card is still to complete is
/// right, as captures show it on the host that sends. The packet is whole, and has the protocol's header.
bool checksum_holds(const TrackedPacket &packet);

} // namespace nwgate::explain
