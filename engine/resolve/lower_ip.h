// SPDX-License-Identifier: LGPL-2.1-or-later
/// The matches of a rule of an IP layer.
#pragma once

#include "engine/resolve/match_builder.h"

namespace nwgate {

/// In the order in which libvirt gives them to iptables. False when the copy must not be made: a source MAC, which the
/// answers do not have, was all that the rule looked at.
bool lower_ip(Protocol protocol, const DirectedRule &directed, MatchBuilder &matches);

} // namespace nwgate
