// SPDX-License-Identifier: LGPL-2.1-or-later
/// Copies bytes of the packet to the stack. What is copied begins `scratch` bytes behind the start of the packet.
#pragma once

#include "drivers/bpf/packet_slots.h"

namespace nwgate::bpf {

/// r4 bytes to the stack at `to`; goes to `drop` if the packet has less. r4 must be known to be at least 1 and no more
/// than there is room.
void copy_from_packet(Assembler &out, int to, Label drop);
/// As many bytes as there are before `end`, `most` of them at most. Goes to `none` if there are none. Has written to
/// the stack before: what is not copied stays.
void copy_up_to(Assembler &out, int to, std::int32_t most, Reg end, Label none, Label drop);

/// As if there were nothing behind the IP header.
void clear_transport(Assembler &out, const TransportSlots &slots);
/// How many bytes there are before `end`.
void store_available(Assembler &out, const TransportSlots &slots, Reg end);
/// What matches look at, as far as it is there before `end`.
void copy_transport(Assembler &out, const TransportSlots &slots, Reg end, Label drop);
/// The port numbers of what has been copied; in an IP layer, unreadable_port of a header of SCTP that is cut off.
void store_ports(Assembler &out, IpVersion version, Layer layer);

} // namespace nwgate::bpf
