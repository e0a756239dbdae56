// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/xml/element_checks.h"

#include "engine/model/access_list.h"
#include "engine/model/diagnostic_ids.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <fmt/format.h>

namespace nwgate::xml {
namespace {

void read_parameter(const Element &element, bool has_access_lists, FilterRef &reference, Diagnostics &diagnostics) {
  allow_attributes(element, {"name", "value"}, diagnostics);
  allow_no_text(element, diagnostics);
  for (const auto &child : element.children())
    report_unknown_child(element, child, diagnostics);
  const auto name = require_attribute(element, "name", diagnostics);
  const auto value = require_attribute(element, "value", diagnostics);
  if (name && !is_variable_name(name->value))
    diagnostics.error(id::illegal_parameter, name->where,
                      fmt::format("'{}' is not a variable name: letters, digits and _ are allowed", name->value));
  const bool is_access_list = has_access_lists && name && is_access_list_name(name->value);
  if (value && is_access_list && parse_access(value->value).empty())
    diagnostics.error(id::illegal_parameter, value->where,
                      fmt::format("'{}' is not any, localhost, link-local, multicast, nor an address or prefix of IPv4 "
                                  "or IPv6",
                                  value->value));
  else if (value && !is_access_list && !is_variable_value(value->value))
    diagnostics.error(
        id::illegal_parameter, value->where,
        fmt::format("'{}' is not a variable's value: letters, digits, _ . and : are allowed", value->value));
  if (name && value)
    reference.parameters.push_back({name->value, value->value, value->where});
}

} // namespace

void allow_attributes(const Element &element, std::initializer_list<std::string_view> allowed,
                      Diagnostics &diagnostics) {
  for (const auto &attribute : element.attributes())
    if (std::ranges::find(allowed, attribute.name) == allowed.end())
      diagnostics.error(id::unknown_attribute, attribute.where,
                        fmt::format("<{}> has no attribute '{}'", element.name(), attribute.name));
}

void allow_no_text(const Element &element, Diagnostics &diagnostics) {
  if (!element.text().empty())
    diagnostics.error(id::unexpected_text, element.where(), fmt::format("<{}> holds text", element.name()));
}

void report_unknown_child(const Element &parent, const Element &child, Diagnostics &diagnostics) {
  diagnostics.error(id::unknown_element, child.where(),
                    fmt::format("<{}> cannot stand in <{}>", child.name(), parent.name()));
}

std::optional<Attribute> require_attribute(const Element &element, std::string_view name, Diagnostics &diagnostics) {
  auto attribute = element.attribute(name);
  if (!attribute)
    diagnostics.error(id::missing_attribute, element.where(),
                      fmt::format("<{}> needs the attribute '{}'", element.name(), name));
  return attribute;
}

void read_priority(const Attribute &attribute, int &priority, Diagnostics &diagnostics) {
  int number = 0;
  const char *const end = attribute.value.data() + attribute.value.size();
  const auto [stop, error] = std::from_chars(attribute.value.data(), end, number);
  if (error != std::errc{} || stop != end || number < min_priority || number > max_priority)
    diagnostics.error(
        id::illegal_priority, attribute.where,
        fmt::format("priority is '{}', not a number from {} to {}", attribute.value, min_priority, max_priority));
  else
    priority = number;
}

std::optional<FilterRef> read_filterref(const Element &element, Diagnostics &diagnostics, bool has_access_lists) {
  allow_attributes(element, {"filter"}, diagnostics);
  allow_no_text(element, diagnostics);
  FilterRef reference;
  reference.where = element.where();
  for (const auto &child : element.children()) {
    if (child.name() == "parameter")
      read_parameter(child, has_access_lists, reference, diagnostics);
    else
      report_unknown_child(element, child, diagnostics);
  }
  const auto filter = require_attribute(element, "filter", diagnostics);
  if (!filter)
    return std::nullopt;
  reference.filter = filter->value;
  if (!is_filter_name(reference.filter)) {
    diagnostics.error(id::illegal_name, filter->where, why_illegal_name(filter->value));
    return std::nullopt;
  }
  return reference;
}

std::optional<std::string> parse_uuid(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (std::isxdigit(static_cast<unsigned char>(c)) != 0)
      digits += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    else if (c != '-')
      return std::nullopt;
  }
  if (digits.size() != 32)
    return std::nullopt;
  for (const std::size_t at : {8U, 13U, 18U, 23U})
    digits.insert(at, 1, '-');
  return digits;
}

bool is_filter_name(std::string_view name) {
  constexpr std::size_t max_length = 250;
  const auto is_letter = [](unsigned char c) { return std::isalpha(c) != 0 || c == '_' || c >= 0x80; };
  return !name.empty() && name.size() <= max_length && is_letter(static_cast<unsigned char>(name.front())) &&
         std::ranges::all_of(
             name, [&](unsigned char c) { return is_letter(c) || std::isdigit(c) != 0 || c == '.' || c == '-'; });
}

std::string why_illegal_name(std::string_view name) {
  return fmt::format("'{}' cannot be the name of a filter: a letter or _, then letters, digits, . - _", name);
}

} // namespace nwgate::xml
