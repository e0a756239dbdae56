// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/ip/set.h"

#include <fmt/format.h>

#include <linux/netfilter/xt_set.h>

namespace nwgate::xtables::ip {
namespace {

/// Bits 1 to 6 say for each dimension that it is a source; bit 0 negates (enum ip_set_kopt).
unsigned source_bit(std::size_t dimension) { return 1U << (dimension + 1); }

Encoded<xt_set_info_match_v4> info_of(const SetMatch &match, const Context &context) {
  const auto index = context.sets.index_of(match.name.value);
  if (!index)
    return refuse(fmt::format("there is no set '{}'", match.name.value));
  if (match.dimensions.empty() || match.dimensions.size() > IPSET_DIM_MAX)
    return refuse(fmt::format("{} dimensions of a set, 1 to 6 are allowed", match.dimensions.size()));
  unsigned flags = match.name.negated ? +IPSET_INV_MATCH : 0U;
  for (std::size_t i = 0; i < match.dimensions.size(); ++i)
    if (match.dimensions[i] == Side::source)
      flags |= source_bit(i);
  XtBuffer<xt_set_info_match_v4> info;
  info->match_set.index = *index;
  info->match_set.dim = static_cast<std::uint8_t>(match.dimensions.size());
  info->match_set.flags = static_cast<std::uint8_t>(flags);
  return info;
}

} // namespace

Refusal encode(const SetMatch &match, const Context &context, ExpressionWriter &writer) {
  return write_match(writer, "set", 4, info_of(match, context));
}

std::optional<Match> decode_set(const XtInfo &xt, const Context &context) {
  const auto info = XtBuffer<xt_set_info_match_v4>::from(xt.info);
  if (!info)
    return std::nullopt;
  const auto &set = (*info)->match_set;
  const auto name = context.sets.name_of(set.index);
  if (!name || set.dim > IPSET_DIM_MAX)
    return std::nullopt;
  SetMatch match{{*name, (set.flags & IPSET_INV_MATCH) != 0}, {}};
  for (std::size_t i = 0; i < set.dim; ++i)
    match.dimensions.push_back((set.flags & source_bit(i)) != 0 ? Side::source : Side::destination);
  return if_exact(match, *info, info_of(match, context));
}

std::string save_text(const SetMatch &match, Family /*family*/) {
  std::vector<std::string_view> dimensions;
  for (const auto side : match.dimensions)
    dimensions.emplace_back(side == Side::source ? "src" : "dst");
  return fmt::format("-m set {}--match-set {} {}", bang(match.name.negated), match.name.value,
                     fmt::join(dimensions, ","));
}

} // namespace nwgate::xtables::ip
