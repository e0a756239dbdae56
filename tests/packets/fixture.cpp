// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

#include <cstdlib>
#include <string_view>
#include <system_error>

namespace nwgate::packets {
namespace {

bool kernel_is_required() {
  const char *value = std::getenv("NWG_REQUIRE_KERNEL");
  return value != nullptr && std::string_view(value) == "1";
}

} // namespace

void KernelTest::SetUp() {
  try {
    network_.emplace();
    engine_.emplace();
    return;
  } catch (const std::system_error &error) {
    if (kernel_is_required())
      FAIL() << error.what();
    GTEST_SKIP() << error.what();
  }
}

} // namespace nwgate::packets
