// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/model/filter.h"

#include <algorithm>

namespace nwgate {

const AttributeValue *Rule::find(Attribute attribute) const {
  const auto found = std::ranges::find(attributes, attribute, &AttributeValue::attribute);
  return found == attributes.end() ? nullptr : &*found;
}

} // namespace nwgate
