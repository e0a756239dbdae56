// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/ip/mac.h"

#include <cstring>
#include <fmt/format.h>
#include <linux/netfilter/xt_mac.h>

namespace nwgate::xtables::ip {
namespace {

Encoded<xt_mac_info> info_of(const MacSource &match) {
  XtBuffer<xt_mac_info> info;
  std::ranges::copy(match.address.value.bytes, info->srcaddr);
  info->invert = match.address.negated ? 1 : 0;
  return info;
}

} // namespace

Refusal encode(const MacSource &match, const Context & /*context*/, ExpressionWriter &writer) {
  return write_match(writer, "mac", 0, info_of(match));
}

std::optional<Match> decode_mac(const XtInfo &xt, const Context & /*context*/) {
  const auto info = XtBuffer<xt_mac_info>::from(xt.info);
  if (!info)
    return std::nullopt;
  MacSource match;
  std::ranges::copy((*info)->srcaddr, match.address.value.bytes.begin());
  match.address.negated = (*info)->invert != 0;
  return if_exact(match, *info, info_of(match));
}

std::string save_text(const MacSource &match, Family /*family*/) {
  return fmt::format("-m mac {}--mac-source {}", bang(match.address.negated), match.address.value.to_string());
}

} // namespace nwgate::xtables::ip
