// SPDX-License-Identifier: LGPL-2.1-or-later
/// What a filter has counted, in a map of the kernel; see CounterIndex.
#pragma once

#include "drivers/bpf/descriptor.h"
#include "drivers/bpf/library.h"

#include "engine/base/result.h"

#include <cstdint>

namespace nwgate::bpf {

struct Counts {
  std::uint64_t packets = 0;
  /// With the header of IP, without that of the link.
  std::uint64_t bytes = 0;
  bool operator==(const Counts &) const = default;
};

/// Of one direction, since the filter was attached first.
struct DirectionCounts {
  Counts accepted;
  Counts dropped;
  bool operator==(const DirectionCounts &) const = default;
};

struct FilterCounts {
  DirectionCounts out, in;
  bool operator==(const FilterCounts &) const = default;
};

/// A new map of counters for both directions, which go on from `counted`.
Result<Descriptor> make_counters(const Library &bpf, const FilterCounts &counted = {});

/// The sums over all processors.
Result<FilterCounts> read_counters(const Library &bpf, const Descriptor &counters);

} // namespace nwgate::bpf
