// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/ip/cgroup.h"

#include "drivers/xtables/ip/quoted.h"

#include <cstring>
#include <fmt/format.h>
#include <linux/netfilter/xt_cgroup.h>

namespace nwgate::xtables::ip {
namespace {

Encoded<xt_cgroup_info_v2> info_of(const Cgroup &match) {
  XtBuffer<xt_cgroup_info_v2> info;
  if (const auto *classid = std::get_if<std::uint32_t>(&match.cgroup)) {
    info->has_classid = 1;
    info->invert_classid = match.negated ? 1 : 0;
    info->classid = *classid;
    return info;
  }
  const auto &path = std::get<std::string>(match.cgroup);
  if (path.size() >= XT_CGROUP_PATH_MAX)
    return refuse(
        fmt::format("a cgroup's path of {} bytes is too long, {} are allowed", path.size(), XT_CGROUP_PATH_MAX - 1));
  if (path.find('\0') != path.npos)
    return refuse("a cgroup's path cannot hold a NUL");
  info->has_path = 1;
  info->invert_path = match.negated ? 1 : 0;
  std::ranges::copy(path, info->path);
  return info;
}

} // namespace

Refusal encode(const Cgroup &match, const Context & /*context*/, ExpressionWriter &writer) {
  return write_match(writer, "cgroup", 2, info_of(match));
}

std::optional<Match> decode_cgroup(const XtInfo &xt, const Context & /*context*/) {
  auto info = XtBuffer<xt_cgroup_info_v2>::from(xt.info);
  if (!info)
    return std::nullopt;
  (*info)->priv = nullptr;
  Cgroup match;
  match.negated = (*info)->invert_path != 0 || (*info)->invert_classid != 0;
  if ((*info)->has_path != 0)
    match.cgroup = std::string((*info)->path, strnlen((*info)->path, sizeof((*info)->path)));
  else
    match.cgroup = (*info)->classid;
  return if_exact(match, *info, info_of(match));
}

std::string save_text(const Cgroup &match, Family /*family*/) {
  const auto *classid = std::get_if<std::uint32_t>(&match.cgroup);
  return fmt::format("-m cgroup {}--{}", bang(match.negated),
                     classid != nullptr ? fmt::format("cgroup {}", *classid)
                                        : "path " + quoted(std::get<std::string>(match.cgroup)));
}

} // namespace nwgate::xtables::ip
