// SPDX-License-Identifier: LGPL-2.1-or-later
/// Other programs, run by the tests.
#pragma once

#include <string>
#include <vector>

namespace nwgate::packets {

/// What a program left behind.
struct Outcome {
  int status = -1;
  std::string output;
  std::string errors;

  [[nodiscard]] bool ok() const { return status == 0; }
};

/// Runs a program, found in PATH, with a text as its input, and waits for its end.
Outcome run(const std::vector<std::string> &arguments, const std::string &input = {});

/// The same; a failure of the program is a failure of the test.
std::string must_run(const std::vector<std::string> &arguments, const std::string &input = {});

} // namespace nwgate::packets
