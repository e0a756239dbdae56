// SPDX-License-Identifier: LGPL-2.1-or-later
/// Sets of 32-bit numbers, as intervals.
#pragma once

#include <cstdint>
#include <vector>

namespace nwgate::bpf {

/// Both ends belong to it. Empty if `last` is less.
struct Interval {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  bool operator==(const Interval &) const = default;
};

/// The same numbers in ascending order, none twice, no two intervals that could be one, none empty.
std::vector<Interval> merged(std::vector<Interval> intervals);

} // namespace nwgate::bpf
