// SPDX-License-Identifier: LGPL-2.1-or-later
/// The ports of TCP and UDP, which iptables writes as native loads of the transport header.
#pragma once

#include "drivers/xtables/ip/xt_info.h"

namespace nwgate::xtables::ip {

using PortTerm = std::optional<Term<Range<std::uint16_t>>>;

struct Ports {
  PortTerm source, destination;
};

constexpr Range<std::uint16_t> every_port{0, 0xffff};

/// Without a condition that every port meets: the tools drop it.
PortTerm without_every_port(const PortTerm &port);
/// Refuses ranges that run backwards and the negation of all ports, which iptables 1.8.9 writes as no
/// condition.
Refusal check(const Ports &ports);

/// For ports without conditions on every port.
void encode_ports(const Ports &ports, ExpressionWriter &writer);
/// Reads as many loads of ports as follow; nothing if they are not as encode_ports() writes them.
std::optional<Ports> decode_ports(ExpressionReader &reader);

/// ` --sport A:B` and so on, with a blank in front; empty without conditions.
std::string ports_text(const Ports &ports);
/// The same for ports that were written natively: `! --sport 0:B` is listed as `--sport B+1:65535`.
std::string native_ports_text(const Ports &ports);

} // namespace nwgate::xtables::ip
