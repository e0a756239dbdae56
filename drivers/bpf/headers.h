// SPDX-License-Identifier: LGPL-2.1-or-later
/// The beginning of a program: it takes the packet's headers apart.
#pragma once

#include "drivers/bpf/packet_slots.h"

#include "engine/program/program.h"

namespace nwgate::bpf {

/// A packet of IPv6 with more extension headers than so many in front of what a rule looks at is dropped. The RFCs
/// want each of the five kinds at most once, destination options twice (RFC 8200, 4.1).
constexpr int most_extension_headers = 8;

/// What the rules of a direction look at behind a packet's IP header.
struct Needs {
  bool ethernet = false;
  bool ip = false;
};

Needs needs_of(const Program &program, Direction direction, IpVersion version);

/// Reads the IP header, which is of that version, and what is needed behind it. Goes to `drop` where the header is cut
/// off, of another version, or tells a wrong length. r6 and r7 are set, r8 will be.
///
/// A length of 0 stands for the whole packet where that has more than 65,535 bytes, as the kernel does it for packets
/// that it has not cut into segments yet.
void read_headers(Assembler &out, IpVersion version, Direction direction, const Needs &needs, Label drop);

} // namespace nwgate::bpf
