// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/unit/drivers/bpf/support.h"

#include "engine/program/text_form.h"

#include <gtest/gtest.h>

namespace nwgate::bpf::testing {

ClosedProgram program_of(const std::string &chains) {
  auto parsed = parse_program("program \"test\"\n" + chains);
  if (const auto *error = std::get_if<std::string>(&parsed)) {
    ADD_FAILURE() << *error << " in\n" << chains;
    return {};
  }
  return {std::get<Program>(std::move(parsed))};
}

} // namespace nwgate::bpf::testing
