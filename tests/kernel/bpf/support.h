// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the tests of programs in the kernel share: programs from text, run on frames.
#pragma once

#include "drivers/bpf/cgroup_program.h"
#include "drivers/bpf/loaded_program.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace nwgate::bpf::testing {

/// Each test has libbpf and a map of counters. Where programs may not be loaded the test is skipped, or fails if
/// NWG_REQUIRE_KERNEL=1.
class BpfTest : public ::testing::Test {
protected:
  void SetUp() override;

  const Library &bpf() { return *bpf_; }
  const Descriptor &counters() { return counters_; }

  /// Must be expressible, and taken by the kernel.
  LoadedProgram load(const ClosedProgram &program, Direction direction, const CompileLimits &limits = {});
  /// Whether the frame passes; nothing if it cannot be run on it. It begins with the header of Ethernet, which the
  /// program does not see.
  std::optional<bool> passes(const LoadedProgram &program, const std::vector<std::uint8_t> &frame);

  /// Fails the test, or skips it.
  static void give_up(const std::string &reason);

private:
  std::optional<Library> bpf_;
  Descriptor counters_;
};

/// The chains of a program's text form.
ClosedProgram program_of(const std::string &chains);
/// One chain `root`, of rules in the text form.
ClosedProgram program_of(const std::string &layer, const std::string &direction, const std::vector<std::string> &rules);
/// All of them, one a line.
std::string to_string(const std::vector<Refusal> &refusals);

} // namespace nwgate::bpf::testing
