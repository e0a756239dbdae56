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
  auto library = Library::load();
  if (!library)
    return give_up(library.error().message());
  bpf_ = *library;
  auto made = make_counters(*bpf_);
  if (!made)
    return give_up(made.error().message());
  counters_ = std::move(*made);
}

LoadedProgram BpfTest::load(const ClosedProgram &program, Direction direction, const CompileLimits &limits) {
  const auto compiled = compile(program, direction, limits);
  if (const auto *refusals = std::get_if<std::vector<Refusal>>(&compiled)) {
    ADD_FAILURE() << to_string(*refusals);
    return {};
  }
  auto loaded = bpf::load(*bpf_, std::get<CgroupProgram>(compiled), counters_);
  EXPECT_TRUE(loaded) << loaded.error().message();
  return loaded ? std::move(*loaded) : LoadedProgram();
}

std::optional<bool> BpfTest::passes(const LoadedProgram &program, const std::vector<std::uint8_t> &frame) {
  bpf_test_run_opts options{};
  options.sz = sizeof options;
  options.data_in = frame.data();
  options.data_size_in = static_cast<std::uint32_t>(frame.size());
  options.repeat = 1;
  if (bpf_->prog_test_run_opts(program.program.get(), &options) != 0)
    return std::nullopt;
  return options.retval == 1;
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

std::string to_string(const std::vector<Refusal> &refusals) {
  std::string text;
  for (const auto &refusal : refusals)
    text += (refusal.origin ? refusal.origin->where.to_string() + ": " : "") + refusal.reason + '\n';
  return text;
}

} // namespace nwgate::bpf::testing
