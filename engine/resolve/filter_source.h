// SPDX-License-Identifier: LGPL-2.1-or-later
/// Where filters come from: the seam between the passes and the files.
#pragma once

#include "engine/base/diagnostics.h"
#include "engine/model/filter.h"

#include <map>
#include <string>
#include <string_view>

namespace nwgate {

class FilterSource {
public:
  virtual ~FilterSource() = default;
  /// The filter of that name, or nullptr if there is none or its document is wrong, which is then in `diagnostics`.
  /// What is returned lives as long as the source.
  virtual const Filter *find(std::string_view name, Diagnostics &diagnostics) = 0;
};

/// Filters in memory.
class FilterMap : public FilterSource {
public:
  void add(Filter filter) {
    std::string name = filter.name;
    filters_.insert_or_assign(std::move(name), std::move(filter));
  }
  const Filter *find(std::string_view name, Diagnostics & /*diagnostics*/) override {
    const auto found = filters_.find(name);
    return found == filters_.end() ? nullptr : &found->second;
  }

private:
  std::map<std::string, Filter, std::less<>> filters_;
};

} // namespace nwgate
