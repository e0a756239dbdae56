// SPDX-License-Identifier: LGPL-2.1-or-later
/// A program and its maps in the kernel, attached to nothing yet.
#pragma once

#include "drivers/bpf/cgroup_program.h"
#include "drivers/bpf/descriptor.h"
#include "drivers/bpf/library.h"

#include "engine/base/result.h"

#include <cstdint>

namespace nwgate::bpf {

struct LoadedProgram {
  Descriptor program;
  /// Those of CgroupProgram::maps; nobody can write to them.
  std::vector<Descriptor> maps;
};

/// Counts to `counters`. When the kernel does not take the program, the error has the last lines that its verifier
/// wrote.
Result<LoadedProgram> load(const Library &bpf, const CgroupProgram &program, const Descriptor &counters);

/// The key of a prefix in its map, as the kernel wants it (struct bpf_lpm_trie_key).
std::vector<std::uint8_t> key_of(const Prefix &prefix, IpVersion version);

} // namespace nwgate::bpf
