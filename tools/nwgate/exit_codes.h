// SPDX-License-Identifier: LGPL-2.1-or-later
/// The exit codes of the command.
#pragma once

namespace nwgate {

enum ExitCode : int {
  exit_done = 0,
  /// The answer is no: drift.
  exit_no = 1,
  exit_usage = 2,
  /// A document is wrong.
  exit_document = 3,
  /// The machine refused: kernel, files, permission.
  exit_machine = 4,
  /// A fault of nwgate's own (EX_SOFTWARE of sysexits.h).
  exit_internal = 70,
};

} // namespace nwgate
