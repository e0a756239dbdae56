// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/ip/icmp.h"

#include <climits>
#include <fmt/format.h>
#include <netinet/in.h>

#include <linux/netfilter_ipv4/ip_tables.h>

namespace nwgate::xtables::ip {
namespace {

constexpr Range<std::uint8_t> every_code{0, 255};
/// The kernel takes this type of ICMPv4 for every type.
constexpr std::uint8_t any_type = 255;

/// struct ip6t_icmp is the same.
Encoded<ipt_icmp> info_of(const Icmp &match) {
  const auto &[type, code] = match.type.value;
  if (code.first != code.last && code != every_code)
    return refuse(fmt::format("ICMP codes {}-{}: only one code or all can be listed", code.first, code.last));
  XtBuffer<ipt_icmp> info;
  info->type = type;
  info->code[0] = code.first;
  info->code[1] = code.last;
  info->invflags = match.type.negated ? IPT_ICMP_INV : 0;
  return info;
}

std::string_view name_in(Family family) { return family == Family::ip ? "icmp" : "icmp6"; }

} // namespace

Refusal encode(const Icmp &match, const Context &context, ExpressionWriter &writer) {
  return write_match(writer, name_in(context.family), 0, info_of(match));
}

std::optional<Match> decode_icmp(const XtInfo &xt, const Context &context) {
  const auto info = XtBuffer<ipt_icmp>::from(xt.info);
  if (!info || xt.name != name_in(context.family))
    return std::nullopt;
  const Icmp match{{{(*info)->type, {(*info)->code[0], (*info)->code[1]}}, (*info)->invflags != 0}};
  return if_exact(match, *info, info_of(match));
}

std::string save_text(const Icmp &match, Family family) {
  const auto &[type, code] = match.type.value;
  std::string text = std::to_string(type);
  if (family == Family::ip && type == any_type)
    text = "any";
  else if (code != every_code)
    text += fmt::format("/{}", code.first);
  return fmt::format("-m {} {}--{}-type {}", name_in(family), bang(match.type.negated),
                     family == Family::ip ? "icmp" : "icmpv6", text);
}

} // namespace nwgate::xtables::ip
