// SPDX-License-Identifier: LGPL-2.1-or-later
/// Makes the matches of one copy of a rule from its attributes.
#pragma once

#include "engine/resolve/expand_directions.h"
#include "engine/resolve/slot_table.h"

#include <optional>
#include <utility>
#include <vector>

namespace nwgate {

/// A pair of names for one thing on the two sides of a packet.
template <typename T> struct BothSides {
  T source;
  T destination;
  /// The one that is meant when the rule speaks of the source.
  [[nodiscard]] T source_if(bool not_swapped) const { return not_swapped ? source : destination; }
  [[nodiscard]] T destination_if(bool not_swapped) const { return not_swapped ? destination : source; }
};

class MatchBuilder {
public:
  MatchBuilder(const FlatRule &rule, const SlotTable &slots, bool swapped)
      : rule_(*rule.rule), slots_(slots), swapped_(swapped) {}

  [[nodiscard]] const AttributeValue *find(Attribute attribute) const { return rule_.find(attribute); }
  [[nodiscard]] Operand operand(const AttributeValue &value) const { return slots_.operand(value); }
  [[nodiscard]] bool swapped() const { return swapped_; }

  void add(Match match) { matches_.push_back(std::move(match)); }
  /// field == number, which the protocol element implies.
  void add_implied(Field field, Literal value) { add({field, false, Form::single, {std::move(value)}}); }
  /// Nothing is added when the attribute is absent; the same holds for the first attribute of the other forms.
  void add_single(Field field, Attribute attribute);
  void add_masked(Field field, Attribute attribute, Attribute mask);
  void add_range(Field field, Attribute first, Attribute last);
  /// add_masked() and add_range() for an attribute of each side; a swapped rule exchanges the fields.
  void add_masked_sides(BothSides<Field> fields, BothSides<Attribute> attributes, BothSides<Attribute> masks);
  void add_range_sides(BothSides<Field> fields, BothSides<Attribute> firsts, BothSides<Attribute> lasts);
  void add_single_sides(BothSides<Field> fields, BothSides<Attribute> attributes);

  std::vector<Match> take() { return std::move(matches_); }
  [[nodiscard]] std::size_t size() const { return matches_.size(); }

private:
  void add_two(Field field, Form form, Attribute first, Attribute second);

  const Rule &rule_;
  const SlotTable &slots_;
  bool swapped_;
  std::vector<Match> matches_;
};

} // namespace nwgate
