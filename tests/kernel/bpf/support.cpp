// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/kernel/bpf/support.h"

#include "engine/program/text_form.h"

#include <cstdlib>

namespace nwgate::bpf::testing {

void BpfTest::give_up(const std::string &reason) {
  const char *required = std::getenv("NWG_REQUIRE_KERNEL");
  if (required != nullptr && std::string(required) == "1")
    FAIL() << reason;
  GTEST_SKIP() << reason;
}

void BpfTest::SetUp() {
  auto runner = test::BpfRunner::create();
  if (!runner)
    return give_up(runner.error().message());
  runner_ = std::move(*runner);
}

LoadedProgram BpfTest::load(const ClosedProgram &program, Direction direction, const CompileLimits &limits) {
  auto loaded = runner_->load(program, direction, limits);
  if (const auto *why = std::get_if<std::string>(&loaded)) {
    ADD_FAILURE() << *why;
    return {};
  }
  return std::get<LoadedProgram>(std::move(loaded));
}

ClosedProgram program_of(const std::string &chains) {
  auto parsed = parse_program("program \"test\"\n" + chains);
  if (const auto *error = std::get_if<std::string>(&parsed)) {
    ADD_FAILURE() << *error << " in\n" << chains;
    return {};
  }
  return {std::get<Program>(std::move(parsed))};
}

ClosedProgram program_of(const std::string &layer, const std::string &direction,
                         const std::vector<std::string> &rules) {
  std::string text = "chain " + layer + ' ' + direction + " \"root\" 0 end return\n";
  for (const auto &rule : rules)
    text += "  " + rule + '\n';
  return program_of(text);
}

} // namespace nwgate::bpf::testing
