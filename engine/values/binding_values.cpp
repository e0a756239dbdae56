// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/values/binding_values.h"

#include "engine/model/access_list.h"

namespace nwgate {

BindingValues::BindingValues(const Binding &binding) : where_(binding.filter.where) {
  for (const auto &parameter : binding.filter.parameters)
    if (!binding.cgroup || !is_access_list_name(parameter.name))
      lists_[parameter.name].push_back({parameter.value, parameter.where});
  if (binding.cgroup) {
    for (const auto *name : {"ALLOW", "DENY"})
      add_access_list(name, binding.filter.parameters);
    return;
  }
  if (!lists_.contains("MAC"))
    lists_["MAC"].push_back({binding.mac.to_string(), binding.where});
}

void BindingValues::add_access_list(const std::string &name, const std::vector<Parameter> &parameters) {
  // Empty lists have to be there: a variable without one has no value.
  auto &ipv4 = lists_[name + "_IPV4"];
  auto &ipv4_lengths = lists_[name + "_IPV4_PREFIX"];
  auto &ipv6 = lists_[name + "_IPV6"];
  auto &ipv6_lengths = lists_[name + "_IPV6_PREFIX"];
  for (const auto &parameter : parameters) {
    if (parameter.name != name)
      continue;
    for (const auto &prefix : parse_access(parameter.value)) {
      const auto length = std::to_string(prefix.length);
      if (const auto *address = std::get_if<Ipv4Address>(&prefix.address)) {
        ipv4.push_back({address->to_string(), parameter.where});
        ipv4_lengths.push_back({length, parameter.where});
      } else {
        ipv6.push_back({std::get<Ipv6Address>(prefix.address).to_string(), parameter.where});
        ipv6_lengths.push_back({length, parameter.where});
      }
    }
  }
}

const std::vector<BoundValue> *BindingValues::find(std::string_view name) const {
  const auto found = lists_.find(name);
  return found == lists_.end() ? nullptr : &found->second;
}

} // namespace nwgate
