// SPDX-License-Identifier: LGPL-2.1-or-later
/// Programs for cgroups in the kernel, run on frames without a cgroup (BPF_PROG_TEST_RUN).
#pragma once

#include "drivers/bpf/cgroup_program.h"
#include "drivers/bpf/loaded_program.h"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace nwgate::test {

class BpfRunner {
public:
  /// Fails where there is no libbpf, or where programs may not be loaded.
  static Result<BpfRunner> create();

  [[nodiscard]] const bpf::Library &bpf() const { return bpf_; }
  [[nodiscard]] const bpf::Descriptor &counters() const { return counters_; }

  /// The program in the kernel, or why it is not there.
  [[nodiscard]] std::variant<bpf::LoadedProgram, std::string> load(const ClosedProgram &program, Direction direction,
                                                                   const bpf::CompileLimits &limits = {}) const;
  /// Whether the frame passes; nothing if it cannot be run on it. It begins with the header of Ethernet, which the
  /// program does not see.
  [[nodiscard]] std::optional<bool> passes(const bpf::LoadedProgram &program,
                                           const std::vector<std::uint8_t> &frame) const;

private:
  explicit BpfRunner(bpf::Library library) : bpf_(library) {}

  bpf::Library bpf_;
  bpf::Descriptor counters_;
};

/// All of them, one a line.
std::string to_string(const std::vector<bpf::Refusal> &refusals);

} // namespace nwgate::test
