// SPDX-License-Identifier: LGPL-2.1-or-later
/// The filter of a cgroup: set, replaced, and taken away.
///
/// The links of both directions and the counters are pinned in a directory of the filter's own, so that they stay when
/// the process ends. Other programs of the cgroup, and those of the cgroups above and below, are left alone: a packet
/// passes if all of them accept it.
#pragma once

#include "drivers/bpf/cgroup_program.h"
#include "drivers/bpf/counters.h"
#include "drivers/bpf/library.h"

#include "engine/base/result.h"

#include <chrono>
#include <cstdint>
#include <string>

namespace nwgate::bpf {

struct CgroupFilter {
  CgroupProgram out;
  CgroupProgram in;
};

/// How long the steps of attach() took.
struct AttachTimes {
  std::chrono::nanoseconds load{}, attach{};
};

/// Of the directory behind the descriptor: the number of its inode. It must be of version 2.
Result<std::uint64_t> cgroup_id(int cgroup);

/// Makes the filter that of the cgroup whose directory is open as `cgroup`. `directory` is where it is pinned, such as
/// /sys/fs/bpf/nwgate/NAME; no dots in names.
///
/// Both programs are loaded before one is attached. A direction's program that is attached there already is replaced by
/// the new one in one step, with the counters kept; no packet passes unfiltered. If the directory has a filter of
/// another cgroup, or of one that is gone, that one is taken away once the new one is attached. On an error, and when
/// the process is killed, each direction has the old or the new program, and attach() again does the rest.
/// Where nothing is pinned yet, it goes on counting from `counted`. What it took is added to `times`.
Result<> attach(const Library &bpf, const CgroupFilter &filter, int cgroup, const std::string &directory,
                const FilterCounts &counted = {}, AttachTimes *times = nullptr);

/// Takes the filter away. Nothing happens if there is none.
Result<> detach(const Library &bpf, const std::string &directory);

} // namespace nwgate::bpf
