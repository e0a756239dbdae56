// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/bpf/interval_set.h"

#include <algorithm>

namespace nwgate::bpf {

std::vector<Interval> merged(std::vector<Interval> intervals) {
  std::erase_if(intervals, [](const Interval &one) { return one.last < one.first; });
  std::ranges::sort(intervals, {}, &Interval::first);
  std::vector<Interval> result;
  for (const auto &one : intervals) {
    const bool touches = !result.empty() && (one.first <= result.back().last || one.first - result.back().last == 1);
    if (touches)
      result.back().last = std::max(result.back().last, one.last);
    else
      result.push_back(one);
  }
  return result;
}

} // namespace nwgate::bpf
