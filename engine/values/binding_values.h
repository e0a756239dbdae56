// SPDX-License-Identifier: LGPL-2.1-or-later
/// What a binding says of the variables.
#pragma once

#include "engine/model/binding.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace nwgate {

struct BoundValue {
  std::string text;
  SourcePosition where;
};

/// Lists by variable name.
class BindingValues {
public:
  /// The parameters of the binding's filterref, and `MAC` from a port's address unless a parameter says otherwise. A
  /// cgroup's access lists, ALLOW and DENY, become lists of addresses and of their prefix lengths, for each family:
  /// `ALLOW_IPV4` with `ALLOW_IPV4_PREFIX`, `ALLOW_IPV6` with `ALLOW_IPV6_PREFIX`. They may be empty.
  explicit BindingValues(const Binding &binding);

  /// The list, or nullptr when the binding says nothing of the variable.
  [[nodiscard]] const std::vector<BoundValue> *find(std::string_view name) const;
  /// Where the binding asks for its filter.
  [[nodiscard]] const SourcePosition &where() const { return where_; }

private:
  void add_access_list(const std::string &name, const std::vector<Parameter> &parameters);

  std::map<std::string, std::vector<BoundValue>, std::less<>> lists_;
  SourcePosition where_;
};

} // namespace nwgate
