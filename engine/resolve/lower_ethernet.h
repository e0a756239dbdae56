// SPDX-License-Identifier: LGPL-2.1-or-later
/// The matches of a rule of the ethernet layer.
#pragma once

#include "engine/resolve/match_builder.h"

namespace nwgate {

/// In the order in which libvirt gives them to ebtables.
void lower_ethernet(Protocol protocol, MatchBuilder &matches);

} // namespace nwgate
