// SPDX-License-Identifier: LGPL-2.1-or-later
/// A command that `nwgate run` starts: in a cgroup from its first instruction on, with the signals and the terminal
/// that it would have without us.
#pragma once

#include "engine/base/result.h"

#include <csignal>
#include <string>
#include <sys/types.h>
#include <vector>

namespace nwgate {

/// Shells' exit codes: the command cannot be started, there is none of that name, a signal ended it.
inline constexpr int exit_not_started = 126, exit_not_found = 127, exit_by_signal = 128;

/// From its making on, signals that end or stop a process wait for Child::wait(), so that none comes between the making
/// of a cgroup and its removal.
class HeldSignals {
public:
  HeldSignals();

  [[nodiscard]] const sigset_t &held() const { return held_; }
  /// In the child: what was held and ignored before.
  void restore() const;

private:
  sigset_t held_, before_;
  void (*child_end_)(int);
};

class Child {
public:
  /// Starts `command`, of one word or more, in the cgroup of that directory; this process has one thread. Fails if the
  /// kernel lets no process into the cgroup. What else goes wrong is the child's: it tells, and ends with
  /// exit_not_found or exit_not_started.
  static Result<Child> start(const std::vector<std::string> &command, const std::string &cgroup_directory,
                             const HeldSignals &signals);

  /// Waits for its end, and returns the exit code. Signals that somebody sends meanwhile are passed on; those of the
  /// terminal it gets itself. When it is stopped, this process stops too, so that a shell learns of it.
  [[nodiscard]] int wait(const HeldSignals &signals) const;

private:
  explicit Child(pid_t pid) : pid_(pid) {}
  pid_t pid_;
};

} // namespace nwgate
