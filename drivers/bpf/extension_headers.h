// SPDX-License-Identifier: LGPL-2.1-or-later
/// The walk over the extension headers of IPv6, in the two ways that the kernel's filters have.
#pragma once

#include "drivers/bpf/packet_slots.h"

namespace nwgate::bpf {

/// Fills the slots of the layer. The ethernet layer passes over authentication headers, and a later fragment is of
/// protocol 44, its fragment header what is behind; in the IP layer it is of the protocol that the fragment header
/// tells, and an authentication header is where the walk ends. A walk that is not at its end after
/// most_extension_headers goes to `drop`.
void walk_extension_headers(Assembler &out, Layer layer, Reg end, Label drop);

} // namespace nwgate::bpf
