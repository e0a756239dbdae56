// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/ip/quoted.h"

#include <algorithm>

namespace nwgate::xtables::ip {
namespace {

bool is_plain(char c) {
  return c == '_' || c == '-' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

} // namespace

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

} // namespace nwgate::xtables::ip
