// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/values/evaluate_slots.h"

#include "engine/model/diagnostic_ids.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace nwgate {
namespace {

std::vector<SlotValue> list_of(const SlotVariable &variable, const BindingValues &values) {
  std::vector<SlotValue> list;
  if (const auto *bound = values.find(variable.access.name))
    for (const auto &value : *bound)
      list.push_back({value.text, &value.where});
  else
    for (const auto &text : variable.defaults)
      list.push_back({text, nullptr});
  return list;
}

SourcePosition place_of(const ProgramRule &rule) { return rule.origin ? rule.origin->where : SourcePosition{}; }

} // namespace

std::optional<std::vector<Tuple>> evaluate_slot(const Slot &slot, const BindingValues &values, const ProgramRule &rule,
                                                MissingVariables &missing, Diagnostics &diagnostics) {
  std::vector<std::vector<SlotValue>> lists;
  bool complete = true;
  for (const auto &column : slot.columns) {
    lists.push_back(list_of(column, values));
    if (lists.back().empty() && values.find(column.access.name) != nullptr && !column.access.element) {
      continue; // an empty list: the rule stands no time
    } else if (lists.back().empty()) {
      missing.try_emplace(column.access.to_string(), place_of(rule));
      complete = false;
    } else if (const auto element = column.access.element) {
      if (*element < lists.back().size()) {
        lists.back() = {lists.back()[*element]};
        continue;
      }
      diagnostics
          .error(id::element_out_of_list, values.where(),
                 fmt::format("{} does not exist: the list has {} element(s)", column.access.to_string(),
                             lists.back().size()))
          .note(place_of(rule), "used here");
      complete = false;
    }
  }
  if (!complete)
    return std::nullopt;

  const auto length = lists.front().size();
  for (std::size_t i = 1; i < lists.size(); ++i) {
    if (lists[i].size() == length)
      continue;
    diagnostics
        .error(id::lists_differ_in_length, values.where(),
               fmt::format("{} has {} value(s) and {} has {}: lists that are walked together must have one length",
                           slot.columns.front().access.to_string(), length, slot.columns[i].access.to_string(),
                           lists[i].size()))
        .note(place_of(rule), "used together here");
    return std::nullopt;
  }

  std::vector<Tuple> tuples;
  std::set<std::vector<std::string_view>> seen;
  for (std::size_t row = 0; row < length; ++row) {
    Tuple tuple;
    std::vector<std::string_view> texts;
    for (const auto &list : lists) {
      tuple.push_back(list[row]);
      texts.push_back(list[row].text);
    }
    if (seen.insert(std::move(texts)).second)
      tuples.push_back(std::move(tuple));
  }
  return tuples;
}

} // namespace nwgate
