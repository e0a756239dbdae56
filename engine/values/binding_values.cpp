// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/values/binding_values.h"

namespace nwgate {

BindingValues::BindingValues(const Binding &binding) : where_(binding.filter.where) {
  for (const auto &parameter : binding.filter.parameters)
    lists_[parameter.name].push_back({parameter.value, parameter.where});
  if (!lists_.contains("MAC"))
    lists_["MAC"].push_back({binding.mac.to_string(), binding.where});
}

const std::vector<BoundValue> *BindingValues::find(std::string_view name) const {
  const auto found = lists_.find(name);
  return found == lists_.end() ? nullptr : &found->second;
}

} // namespace nwgate
