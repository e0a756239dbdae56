// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/ip/sctp.h"

#include "drivers/xtables/ip/ports.h"

#include <fmt/format.h>

using _Bool = bool; // NOLINT(bugprone-reserved-identifier): the C word that the header uses in an inline function.
#include <linux/netfilter/xt_sctp.h>

namespace nwgate::xtables::ip {
namespace {

/// What the tools put into places for chunk types that are not asked for.
constexpr std::uint8_t no_chunk = 0xff;

void put(const PortTerm &port, std::uint16_t *range, xt_sctp_info &info, unsigned bit) {
  if (!port)
    return;
  range[0] = port->value.first;
  range[1] = port->value.last;
  info.flags |= bit;
  info.invflags |= port->negated ? bit : 0U;
}

PortTerm get(const std::uint16_t *range, const xt_sctp_info &info, unsigned bit) {
  if ((info.flags & bit) == 0)
    return std::nullopt;
  return Term<Range<std::uint16_t>>{{range[0], range[1]}, (info.invflags & bit) != 0};
}

Encoded<xt_sctp_info> info_of(const Sctp &match) {
  if (auto refusal = check(Ports{match.source_port, match.destination_port}))
    return refuse(*refusal);
  XtBuffer<xt_sctp_info> info;
  for (auto &chunk : info->flag_info)
    chunk.chunktype = no_chunk;
  put(match.source_port, info->spts, *info.operator->(), XT_SCTP_SRC_PORTS);
  put(match.destination_port, info->dpts, *info.operator->(), XT_SCTP_DEST_PORTS);
  return info;
}

} // namespace

Refusal encode(const Sctp &match, const Context & /*context*/, ExpressionWriter &writer) {
  return write_match(writer, "sctp", 0, info_of(match));
}

std::optional<Match> decode_sctp(const XtInfo &xt, const Context & /*context*/) {
  const auto buffer = XtBuffer<xt_sctp_info>::from(xt.info);
  if (!buffer)
    return std::nullopt;
  const auto &info = *buffer->operator->();
  const Sctp match{get(info.spts, info, XT_SCTP_SRC_PORTS), get(info.dpts, info, XT_SCTP_DEST_PORTS)};
  return if_exact(match, *buffer, info_of(match));
}

std::string save_text(const Sctp &match, Family /*family*/) {
  return "-m sctp" + ports_text({match.source_port, match.destination_port});
}

} // namespace nwgate::xtables::ip
