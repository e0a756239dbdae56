// SPDX-License-Identifier: LGPL-2.1-or-later
/// Groups the variables of one rule into slots, and makes operands of the rule's attributes.
#pragma once

#include "engine/program/program.h"
#include "engine/resolve/expand_includes.h"

#include <vector>

namespace nwgate {

class SlotTable {
public:
  explicit SlotTable(const FlatRule &rule);

  [[nodiscard]] const std::vector<Slot> &slots() const { return slots_; }
  /// The attribute's literal, or a reference to its variable's column.
  [[nodiscard]] Operand operand(const AttributeValue &value) const;

private:
  std::vector<Slot> slots_;
  const Rule &rule_;
};

} // namespace nwgate
