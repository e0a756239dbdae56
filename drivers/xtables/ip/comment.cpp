// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/ip/comment.h"

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

bool is_plain(char c) {
  return c == '_' || c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// In double quotes if there is anything but letters, digits, `_` and `-`.
std::string quoted(std::string_view text) {
  if (!text.empty() && std::ranges::all_of(text, is_plain))
    return std::string(text);
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\' || c == '\'')
      result += '\\';
    result += c;
  }
  return result + '"';
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
