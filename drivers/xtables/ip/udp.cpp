// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/ip/udp.h"

#include "drivers/xtables/ip/ports.h"

#include <linux/netfilter/xt_tcpudp.h>
#include <netinet/in.h>

namespace nwgate::xtables::ip {
namespace {

Ports ports_of(const Udp &match) {
  return {without_every_port(match.source_port), without_every_port(match.destination_port)};
}

/// For a match without any condition.
Encoded<xt_udp> info_without_ports() {
  XtBuffer<xt_udp> info;
  info->spts[1] = info->dpts[1] = every_port.last;
  return info;
}

} // namespace

Refusal encode(const Udp &match, const Context &context, ExpressionWriter &writer) {
  const auto ports = ports_of(match);
  if (auto refusal = check(ports))
    return refusal;
  if (!ports.source && !ports.destination)
    return write_match(writer, "udp", 0, info_without_ports());
  if (context.protocol != IPPROTO_UDP)
    return "a match for the ports of UDP needs -p udp";
  encode_ports(ports, writer);
  return std::nullopt;
}

std::optional<Match> decode_udp(const XtInfo &xt, const Context & /*context*/) {
  const auto info = XtBuffer<xt_udp>::from(xt.info);
  return info ? if_exact(Udp{}, *info, info_without_ports()) : std::nullopt;
}

std::optional<Match> decode_native_udp(ExpressionReader &reader) {
  const auto ports = decode_ports(reader);
  if (!ports || (!ports->source && !ports->destination))
    return std::nullopt;
  return Udp{ports->source, ports->destination};
}

std::string save_text(const Udp &match, Family /*family*/) { return "-m udp" + native_ports_text(ports_of(match)); }

} // namespace nwgate::xtables::ip
