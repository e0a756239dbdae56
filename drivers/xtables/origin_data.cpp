// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/origin_data.h"

#include "drivers/netlink/user_data.h"

#include <fmt/format.h>

namespace nwgate::xtables {
namespace {

// Record types. libnftnl's own are 0 (comment) and 1 (ebtables policy), so these keep away from what may follow.
constexpr std::uint8_t type_owner = 0xa0;
constexpr std::uint8_t type_place = 0xa1;
constexpr std::uint8_t type_included_from = 0xa2;
constexpr std::uint8_t type_value = 0xa3;
constexpr std::uint8_t type_cut = 0xa4;
/// A record's head and the record that says that something was cut.
constexpr std::size_t cut_size = 2;

std::vector<std::uint8_t> to_vector(std::span<const std::uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

std::string to_string(std::span<const std::uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

} // namespace

OriginText origin_text(const ProgramRule &rule) {
  OriginText text;
  if (rule.origin) {
    text.place = rule.origin->where.short_form();
    for (auto step = rule.origin->path.rbegin(); step != rule.origin->path.rend(); ++step)
      text.included_from.push_back(step->where.short_form());
  }
  for (const auto &[name, value] : rule.values)
    text.values.push_back(fmt::format("{}={}", name, value));
  return text;
}

std::vector<std::uint8_t> rule_mark(const OriginText &origin) {
  netlink::UserData data;
  bool cut = origin.cut;
  const auto add = [&](std::uint8_t type, const std::string &text) {
    const bool fits = data.bytes().size() + 2 + text.size() + cut_size <= netlink::user_data_limit;
    const bool added = fits && data.add(type, text);
    cut = cut || !added;
    return added;
  };
  // The place is what an audit needs first; a file's name has at most 255 bytes, so its front may have to go.
  const auto room = netlink::user_data_limit - 2 - cut_size;
  cut = cut || origin.place.size() > room;
  add(type_place, origin.place.size() > room ? origin.place.substr(origin.place.size() - room) : origin.place);
  for (const auto &value : origin.values)
    add(type_value, value);
  for (const auto &step : origin.included_from)
    if (!add(type_included_from, step)) // the way ends here: a step left out in between would mislead
      break;
  if (cut)
    data.add(type_cut, std::string_view{});
  return to_vector(data.bytes());
}

std::vector<std::uint8_t> owner_mark(const std::string &port) {
  netlink::UserData data;
  data.add(type_owner, std::string_view(port));
  return to_vector(data.bytes());
}

std::optional<OriginText> read_rule_mark(std::span<const std::uint8_t> user_data) {
  OriginText text;
  bool ours = false;
  for (const auto &record : netlink::user_data_records(user_data)) {
    switch (record.type) {
    case type_place:
      text.place = to_string(record.value);
      ours = true;
      break;
    case type_included_from:
      text.included_from.push_back(to_string(record.value));
      break;
    case type_value:
      text.values.push_back(to_string(record.value));
      break;
    case type_cut:
      text.cut = true;
      break;
    default:
      break;
    }
  }
  return ours ? std::optional(text) : std::nullopt;
}

std::optional<std::string> read_owner_mark(std::span<const std::uint8_t> user_data) {
  const auto value = netlink::find_user_data(user_data, type_owner);
  return value ? std::optional(to_string(*value)) : std::nullopt;
}

} // namespace nwgate::xtables
