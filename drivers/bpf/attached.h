// SPDX-License-Identifier: LGPL-2.1-or-later
/// The filter of a cgroup as the kernel has it, and what is other than it should be.
#pragma once

#include "drivers/bpf/attach.h"
#include "drivers/bpf/counters.h"
#include "drivers/bpf/descriptor.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace nwgate::bpf {

/// The kernel's digest of code; which maps it refers to, and what is in them, does not count.
using Tag = std::array<std::uint8_t, BPF_TAG_SIZE>;

struct AttachedProgram {
  /// 0 some time after the cgroup is gone.
  std::uint64_t cgroup_id = 0;
  std::uint32_t id = 0;
  Tag tag{};
};

struct AttachedFilter {
  std::optional<AttachedProgram> out, in;
  FilterCounts counts;
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

/// The tags of programs that are wanted. The kernel tells them of loaded code only, so a program is loaded, which takes
/// a millisecond; those of the same code then share the answer.
class WantedTags {
public:
  explicit WantedTags(const Library &bpf) : bpf_(bpf) {}
  Result<Tag> of(const CgroupProgram &program, const Descriptor &counters);

private:
  const Library &bpf_;
  /// By the bytes of the code.
  std::unordered_map<std::string, Tag> tags_;
};

/// What attach() would have to change. Attaches nothing.
Result<FilterDrift> compare(const Library &bpf, WantedTags &tags, const CgroupFilter &wanted, int cgroup,
                            const std::string &directory);

} // namespace nwgate::bpf
