// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/resolve/match_builder.h"

namespace nwgate {

void MatchBuilder::add_single(Field field, Attribute attribute) {
  if (const auto *value = find(attribute))
    add({field, value->negated, Form::single, {operand(*value)}});
}

void MatchBuilder::add_two(Field field, Form form, Attribute first, Attribute second) {
  const auto *one = find(first);
  const auto *two = find(second);
  if (one == nullptr)
    return;
  if (two == nullptr)
    add({field, one->negated, Form::single, {operand(*one)}});
  else
    add({field, one->negated, form, {operand(*one), operand(*two)}});
}

void MatchBuilder::add_masked(Field field, Attribute attribute, Attribute mask) {
  add_two(field, Form::masked, attribute, mask);
}

void MatchBuilder::add_range(Field field, Attribute first, Attribute last) { add_two(field, Form::range, first, last); }

void MatchBuilder::add_masked_sides(BothSides<Field> fields, BothSides<Attribute> attributes,
                                    BothSides<Attribute> masks) {
  add_masked(fields.source_if(!swapped_), attributes.source, masks.source);
  add_masked(fields.destination_if(!swapped_), attributes.destination, masks.destination);
}

void MatchBuilder::add_range_sides(BothSides<Field> fields, BothSides<Attribute> firsts, BothSides<Attribute> lasts) {
  add_range(fields.source_if(!swapped_), firsts.source, lasts.source);
  add_range(fields.destination_if(!swapped_), firsts.destination, lasts.destination);
}

void MatchBuilder::add_single_sides(BothSides<Field> fields, BothSides<Attribute> attributes) {
  add_single(fields.source_if(!swapped_), attributes.source);
  add_single(fields.destination_if(!swapped_), attributes.destination);
}

} // namespace nwgate
