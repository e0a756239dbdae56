// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/support/bpf_runner.h"

#include "drivers/bpf/counters.h"

namespace nwgate::test {

Result<BpfRunner> BpfRunner::create() {
  auto library = bpf::Library::load();
  if (!library)
    return fail(library.error());
  BpfRunner runner(*library);
  auto counters = bpf::make_counters(runner.bpf_);
  if (!counters)
    return fail(counters.error());
  runner.counters_ = std::move(*counters);
  return runner;
}

std::variant<bpf::LoadedProgram, std::string> BpfRunner::load(const ClosedProgram &program, Direction direction,
                                                              const bpf::CompileLimits &limits) const {
  const auto compiled = bpf::compile(program, direction, limits);
  if (const auto *refusals = std::get_if<std::vector<bpf::Refusal>>(&compiled))
    return to_string(*refusals);
  auto loaded = bpf::load(bpf_, std::get<bpf::CgroupProgram>(compiled), counters_);
  if (!loaded)
    return loaded.error().message();
  return std::move(*loaded);
}

std::optional<bool> BpfRunner::passes(const bpf::LoadedProgram &program, const std::vector<std::uint8_t> &frame) const {
  bpf_test_run_opts options{};
  options.sz = sizeof options;
  options.data_in = frame.data();
  options.data_size_in = static_cast<std::uint32_t>(frame.size());
  options.repeat = 1;
  if (bpf_.prog_test_run_opts(program.program.get(), &options) != 0)
    return std::nullopt;
  return options.retval == 1;
}

std::string to_string(const std::vector<bpf::Refusal> &refusals) {
  std::string text;
  for (const auto &refusal : refusals)
    text += (refusal.origin ? refusal.origin->where.to_string() + ": " : "") + refusal.reason + '\n';
  return text;
}

} // namespace nwgate::test
