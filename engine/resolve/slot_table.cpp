// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/resolve/slot_table.h"

#include <algorithm>
#include <stdexcept>

namespace nwgate {
namespace {

/// What the includes on the way say of a variable: the outermost that speaks of it wins.
std::vector<std::string> defaults_of(const std::string &name, const std::vector<const FilterRef *> &path) {
  std::vector<std::string> values;
  for (const auto *reference : path) {
    for (const auto &parameter : reference->parameters)
      if (parameter.name == name)
        values.push_back(parameter.value);
    if (!values.empty())
      break;
  }
  return values;
}

bool share_slot(const VariableAccess &left, const VariableAccess &right) {
  if (left.element || right.element)
    return left == right;
  return left.iterator == right.iterator;
}

ValueType type_of(const Rule &rule, Attribute attribute) {
  const auto &attributes = spec_of(rule.protocol).attributes;
  return std::ranges::find(attributes, attribute, &AttributeSpec::attribute)->type;
}

} // namespace

SlotTable::SlotTable(const FlatRule &rule) : rule_(*rule.rule) {
  for (const auto &attribute : rule_.attributes) {
    const auto *access = std::get_if<VariableAccess>(&attribute.value);
    if (access == nullptr)
      continue;
    const auto same_slot = std::ranges::find_if(
        slots_, [&](const Slot &slot) { return share_slot(slot.columns.front().access, *access); });
    SlotVariable variable{*access, defaults_of(access->name, *rule.path)};
    if (same_slot == slots_.end())
      slots_.push_back({{std::move(variable)}});
    else if (std::ranges::find(same_slot->columns, variable) == same_slot->columns.end())
      same_slot->columns.push_back(std::move(variable));
  }
  // Iterator 0 varies fastest, wherever it stands in the rule.
  const auto first = std::ranges::find_if(slots_, [](const Slot &slot) {
    const auto &access = slot.columns.front().access;
    return !access.element && access.iterator == 0;
  });
  if (first != slots_.end())
    std::rotate(slots_.begin(), first, first + 1);
}

Operand SlotTable::operand(const AttributeValue &value) const {
  if (const auto *literal = std::get_if<Literal>(&value.value))
    return *literal;
  const auto &access = std::get<VariableAccess>(value.value);
  for (std::size_t slot = 0; slot < slots_.size(); ++slot)
    for (std::size_t column = 0; column < slots_[slot].columns.size(); ++column)
      if (slots_[slot].columns[column].access == access)
        return SlotRef{static_cast<std::uint16_t>(slot), static_cast<std::uint16_t>(column),
                       type_of(rule_, value.attribute), value.where};
  throw std::logic_error("a variable without a slot");
}

} // namespace nwgate
