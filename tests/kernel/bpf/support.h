// SPDX-License-Identifier: LGPL-2.1-or-later
/// What the tests of programs in the kernel share: programs from text, run on frames.
#pragma once

#include "tests/support/bpf_runner.h"

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

  const Library &bpf() { return runner_->bpf(); }
  const Descriptor &counters() { return runner_->counters(); }

  /// Must be expressible, and taken by the kernel.
  LoadedProgram load(const ClosedProgram &program, Direction direction, const CompileLimits &limits = {});
  /// As BpfRunner has it.
  std::optional<bool> passes(const LoadedProgram &program, const std::vector<std::uint8_t> &frame) {
    return runner_->passes(program, frame);
  }

  /// Fails the test, or skips it.
  static void give_up(const std::string &reason);

private:
  std::optional<test::BpfRunner> runner_;
};

/// The chains of a program's text form.
ClosedProgram program_of(const std::string &chains);
/// One chain `root`, of rules in the text form.
ClosedProgram program_of(const std::string &layer, const std::string &direction, const std::vector<std::string> &rules);
using test::to_string;

} // namespace nwgate::bpf::testing
