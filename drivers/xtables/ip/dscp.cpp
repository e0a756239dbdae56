// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/ip/dscp.h"

#include <fmt/format.h>
#include <linux/netfilter/xt_dscp.h>

namespace nwgate::xtables::ip {
namespace {

Encoded<xt_dscp_info> info_of(const Dscp &match) {
  if (match.dscp.value > XT_DSCP_MAX)
    return refuse(fmt::format("{:#x} is no DSCP: there are six bits", match.dscp.value));
  XtBuffer<xt_dscp_info> info;
  info->dscp = match.dscp.value;
  info->invert = match.dscp.negated ? 1 : 0;
  return info;
}

} // namespace

Refusal encode(const Dscp &match, const Context & /*context*/, ExpressionWriter &writer) {
  return write_match(writer, "dscp", 0, info_of(match));
}

std::optional<Match> decode_dscp(const XtInfo &xt, const Context & /*context*/) {
  const auto info = XtBuffer<xt_dscp_info>::from(xt.info);
  if (!info)
    return std::nullopt;
  const Dscp match{{(*info)->dscp, (*info)->invert != 0}};
  return if_exact(match, *info, info_of(match));
}

std::string save_text(const Dscp &match, Family /*family*/) {
  return fmt::format("-m dscp {}--dscp 0x{:02x}", bang(match.dscp.negated), match.dscp.value);
}

} // namespace nwgate::xtables::ip
