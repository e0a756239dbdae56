// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/ip/conntrack.h"

#include <array>
#include <fmt/format.h>
#include <netinet/in.h>

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/xt_conntrack.h>

namespace nwgate::xtables::ip {
namespace {

struct StateName {
  unsigned bit;
  std::string_view name;
};
/// In the order in which the tools list them.
constexpr std::array state_names{
    StateName{XT_CONNTRACK_STATE_INVALID, "INVALID"},
    StateName{XT_CONNTRACK_STATE_BIT(IP_CT_NEW), "NEW"},
    StateName{XT_CONNTRACK_STATE_BIT(IP_CT_RELATED), "RELATED"},
    StateName{XT_CONNTRACK_STATE_BIT(IP_CT_ESTABLISHED), "ESTABLISHED"},
    StateName{XT_CONNTRACK_STATE_UNTRACKED, "UNTRACKED"},
    StateName{XT_CONNTRACK_STATE_SNAT, "SNAT"},
    StateName{XT_CONNTRACK_STATE_DNAT, "DNAT"},
};

Encoded<xt_conntrack_mtinfo3> info_of(const ConntrackState &match) {
  unsigned unknown = match.states.value;
  for (const auto &state : state_names)
    unknown &= ~state.bit;
  if (match.states.value == 0 || unknown != 0)
    return refuse(fmt::format("{:#x} is no set of connection states", match.states.value));
  XtBuffer<xt_conntrack_mtinfo3> info;
  info->match_flags = XT_CONNTRACK_STATE;
  info->invert_flags = match.states.negated ? XT_CONNTRACK_STATE : 0;
  info->state_mask = match.states.value;
  return info;
}

Encoded<xt_conntrack_mtinfo3> info_of(const ConntrackDirection &match) {
  XtBuffer<xt_conntrack_mtinfo3> info;
  info->match_flags = XT_CONNTRACK_DIRECTION;
  info->invert_flags = match.reply ? XT_CONNTRACK_DIRECTION : 0;
  return info;
}

} // namespace

Refusal encode(const ConntrackState &match, const Context & /*context*/, ExpressionWriter &writer) {
  return write_match(writer, "conntrack", 3, info_of(match));
}
Refusal encode(const ConntrackDirection &match, const Context & /*context*/, ExpressionWriter &writer) {
  return write_match(writer, "conntrack", 3, info_of(match));
}

std::optional<Match> decode_conntrack(const XtInfo &xt, const Context & /*context*/) {
  const auto info = XtBuffer<xt_conntrack_mtinfo3>::from(xt.info);
  if (!info)
    return std::nullopt;
  const bool inverted = (*info)->invert_flags != 0;
  if ((*info)->match_flags == XT_CONNTRACK_DIRECTION) {
    const ConntrackDirection match{inverted};
    return if_exact(match, *info, info_of(match));
  }
  const ConntrackState match{{(*info)->state_mask, inverted}};
  return if_exact(match, *info, info_of(match));
}

std::string save_text(const ConntrackState &match, Family /*family*/) {
  std::vector<std::string_view> names;
  for (const auto &state : state_names)
    if ((match.states.value & state.bit) != 0)
      names.push_back(state.name);
  return fmt::format("-m conntrack {}--ctstate {}", bang(match.states.negated), fmt::join(names, ","));
}

std::string save_text(const ConntrackDirection &match, Family /*family*/) {
  return fmt::format("-m conntrack --ctdir {}", match.reply ? "REPLY" : "ORIGINAL");
}

} // namespace nwgate::xtables::ip
