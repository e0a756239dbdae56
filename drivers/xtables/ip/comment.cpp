// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/ip/comment.h"

#include "drivers/xtables/ip/quoted.h"

#include <cstring>
#include <fmt/format.h>
#include <linux/netfilter/xt_comment.h>

namespace nwgate::xtables::ip {
namespace {

Encoded<xt_comment_info> info_of(const Comment &match) {
  if (match.text.size() >= XT_MAX_COMMENT_LEN)
    return refuse(
        fmt::format("a comment of {} bytes is too long, {} are allowed", match.text.size(), XT_MAX_COMMENT_LEN - 1));
  if (match.text.find('\0') != match.text.npos)
    return refuse("a comment cannot hold a NUL");
  XtBuffer<xt_comment_info> info;
  std::ranges::copy(match.text, info->comment);
  return info;
}

} // namespace

Refusal encode(const Comment &match, const Context & /*context*/, ExpressionWriter &writer) {
  return write_match(writer, "comment", 0, info_of(match));
}

std::optional<Match> decode_comment(const XtInfo &xt, const Context & /*context*/) {
  const auto info = XtBuffer<xt_comment_info>::from(xt.info);
  if (!info)
    return std::nullopt;
  const Comment match{std::string((*info)->comment, strnlen((*info)->comment, sizeof((*info)->comment)))};
  return if_exact(match, *info, info_of(match));
}

std::string save_text(const Comment &match, Family /*family*/) { return "-m comment --comment " + quoted(match.text); }

} // namespace nwgate::xtables::ip
