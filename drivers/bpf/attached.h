// SPDX-License-Identifier: LGPL-2.1-or-later
/// The filter of a cgroup as the kernel has it, and what is other than it should be.
#pragma once

#include "drivers/bpf/attach.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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

struct AttachedProgram {
  /// 0 some time after the cgroup is gone.
  std::uint64_t cgroup_id = 0;
  std::uint32_t id = 0;
  /// The kernel's digest of the code; maps and what is in them do not count.
  std::array<std::uint8_t, BPF_TAG_SIZE> tag{};
};

struct AttachedFilter {
  std::optional<AttachedProgram> out, in;
  DirectionCounts out_counts, in_counts;
};

/// Nothing where nothing is pinned; counts of 0 where there are no counters.
Result<AttachedFilter> read_attached(const Library &bpf, const std::string &directory);

enum class Drift : std::uint8_t {
  none,
  /// There is no link of that direction.
  missing,
  /// It is linked to another cgroup, or to one that is gone.
  other_cgroup,
  /// Other code, other addresses in its maps, or other counters.
  other_program,
};

struct FilterDrift {
  Drift out = Drift::none;
  Drift in = Drift::none;
};

/// What attach() would have to change. Loads the programs to have them compared, and attaches nothing.
Result<FilterDrift> compare(const Library &bpf, const CgroupFilter &wanted, int cgroup, const std::string &directory);

} // namespace nwgate::bpf
