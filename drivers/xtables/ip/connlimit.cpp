// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/ip/connlimit.h"

#include <fmt/format.h>
#include <netinet/in.h>

#include <linux/netfilter/xt_connlimit.h>

namespace nwgate::xtables::ip {
namespace {

Encoded<xt_connlimit_info> info_of(const ConnLimit &match) {
  XtBuffer<xt_connlimit_info> info;
  std::ranges::fill(info->v6_mask, ~__be32{0});
  info->limit = match.above.value;
  info->flags = match.above.negated ? XT_CONNLIMIT_INVERT : 0;
  return info;
}

} // namespace

Refusal encode(const ConnLimit &match, const Context & /*context*/, ExpressionWriter &writer) {
  return write_match(writer, "connlimit", 1, info_of(match));
}

std::optional<Match> decode_connlimit(const XtInfo &xt, const Context &context) {
  auto info = XtBuffer<xt_connlimit_info>::from(xt.info);
  if (!info)
    return std::nullopt;
  if (context.family == Family::ip)
    std::fill((*info)->v6_mask + 1, std::end((*info)->v6_mask), ~__be32{0});
  (*info)->data = nullptr;
  const ConnLimit match{{(*info)->limit, (*info)->flags != 0}};
  return if_exact(match, *info, info_of(match));
}

std::string save_text(const ConnLimit &match, Family family) {
  return fmt::format("-m connlimit --connlimit-{} {} --connlimit-mask {} --connlimit-saddr",
                     match.above.negated ? "upto" : "above", match.above.value, family == Family::ip ? 32 : 128);
}

} // namespace nwgate::xtables::ip
