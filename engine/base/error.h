// SPDX-License-Identifier: LGPL-2.1-or-later
/// What went wrong on the machine: the kernel, a file, a missing privilege.
#pragma once

#include <string>
#include <utility>

namespace nwgate {

/// A failure of the machine, never of a user's document (those are Diagnostics).
/// The message says what was tried and what the system answered, for example
/// `cannot write /var/lib/nwgate/filters/a.xml: No space left on device`.
class Error {
public:
  explicit Error(std::string message, int code = 0) : message_(std::move(message)), code_(code) {}

  /// `WHAT: strerror(CODE)`; CODE is an errno value, positive.
  static Error from_errno(std::string what, int code);

  [[nodiscard]] const std::string &message() const { return message_; }
  /// The errno value behind the failure, or 0 when there is none.
  [[nodiscard]] int code() const { return code_; }

  /// The same failure, with what the caller was doing in front: `CONTEXT: MESSAGE`.
  [[nodiscard]] Error in(const std::string &context) const { return Error(context + ": " + message_, code_); }

private:
  std::string message_;
  int code_;
};

} // namespace nwgate
