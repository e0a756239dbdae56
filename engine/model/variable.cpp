// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/model/variable.h"

#include <charconv>
#include <fmt/format.h>

namespace nwgate {
namespace {

constexpr std::string_view name_characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";

std::string_view without_leading_blanks(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\n");
  return begin == text.npos ? std::string_view{} : text.substr(begin);
}

} // namespace

bool is_variable_name(std::string_view text) {
  return !text.empty() && text.find_first_not_of(name_characters) == text.npos;
}

bool is_variable_value(std::string_view text) {
  for (const char c : text)
    if (name_characters.find(c) == name_characters.npos && c != '.' && c != ':')
      return false;
  return !text.empty();
}

std::variant<VariableAccess, std::string> VariableAccess::parse(std::string_view text) {
  VariableAccess result;
  text.remove_prefix(1); // the dollar sign
  const auto name_end = std::min(text.find_first_not_of(name_characters), text.size());
  result.name = text.substr(0, name_end);
  if (result.name.empty())
    return "a variable needs a name behind '$'";
  text.remove_prefix(name_end);
  if (text.empty())
    return result;
  if (text.front() != '[')
    return fmt::format("'{}' cannot stand behind variable '${}'", text, result.name);
  text = without_leading_blanks(text.substr(1));
  const bool is_iterator = text.starts_with('@');
  if (is_iterator)
    text.remove_prefix(1);
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{})
    return fmt::format("'${}[' needs a number, as in [0] or [@1]", result.name);
  text = without_leading_blanks({end, text.data() + text.size()});
  if (text != "]")
    return fmt::format("']' expected at the end of '${}[...]'", result.name);
  if (is_iterator && number > max_iterator)
    return fmt::format("iterator @{} is over the limit of {}", number, max_iterator);
  if (is_iterator)
    result.iterator = number;
  else
    result.element = number;
  return result;
}

std::string VariableAccess::to_string() const {
  if (element)
    return fmt::format("${}[{}]", name, *element);
  if (iterator != 0)
    return fmt::format("${}[@{}]", name, iterator);
  return "$" + name;
}

} // namespace nwgate
