// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/nwgate/child.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <iostream>
#include <linux/sched.h>
#include <optional>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace nwgate {
namespace {

constexpr std::array passed_on = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2,
                                  SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU, SIGWINCH};

void print_failure(const std::string &what, int error) {
  std::cerr << fmt::format("nwgate: {}: {}\n", what, std::strerror(error)); // NOLINT(concurrency-mt-unsafe)
}

/// Whether the kernel, or a filter of system calls, does not know this way of starting a process: before Linux 5.7.
bool is_unknown(int error) { return error == ENOSYS || error == EINVAL || error == E2BIG; }

/// The child's process id, in the child 0, less than 0 on failure: like fork(), into a cgroup.
pid_t clone_into(int cgroup) {
  clone_args arguments{};
  arguments.flags = CLONE_INTO_CGROUP;
  arguments.exit_signal = SIGCHLD;
  arguments.cgroup = static_cast<std::uint64_t>(cgroup);
  return static_cast<pid_t>(syscall(SYS_clone3, &arguments, sizeof arguments));
}

/// In the child: moves into the cgroup, before it does anything else.
void enter(int cgroup) {
  const int file = openat(cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC);
  if (file < 0 || write(file, "0", 1) != 1) {
    print_failure("cannot enter the cgroup", errno);
    _exit(exit_not_started);
  }
}

/// In the child: becomes the command.
[[noreturn]] void become(char *const *arguments) {
  execvp(arguments[0], arguments);
  const int error = errno;
  print_failure(std::string("cannot run ") + arguments[0], error);
  _exit(error == ENOENT ? exit_not_found : exit_not_started);
}

/// Stops as the terminal would stop us; the kernel does not if there is no shell that could let us go on. A shell below
/// us, which had the terminal for its own group of processes, gets it back if we come to have it.
void stop() {
  const int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC);
  const pid_t group = tcgetpgrp(terminal);
  kill(getpid(), SIGTSTP);
  sigset_t only;
  sigset_t mask;
  sigemptyset(&only);
  sigaddset(&only, SIGTSTP);
  sigprocmask(SIG_UNBLOCK, &only, &mask); // from here on we are stopped
  sigprocmask(SIG_SETMASK, &mask, nullptr);
  if (group > 0 && group != getpgrp() && tcgetpgrp(terminal) == getpgrp())
    tcsetpgrp(terminal, group);
  if (terminal >= 0)
    close(terminal);
}

/// Stops with the child, and returns its exit code when it has ended.
std::optional<int> take_news(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, WNOHANG | WUNTRACED) == child) {
    if (WIFEXITED(status))
      return WEXITSTATUS(status);
    if (WIFSIGNALED(status))
      return exit_by_signal + WTERMSIG(status);
    stop();
  }
  return std::nullopt;
}

} // namespace

HeldSignals::HeldSignals() {
  child_end_ = signal(SIGCHLD, SIG_DFL); // ignored, as somebody may have left it to us, no child could be waited for
  sigemptyset(&held_);
  sigaddset(&held_, SIGCHLD);
  for (const int signal : passed_on)
    sigaddset(&held_, signal);
  sigprocmask(SIG_BLOCK, &held_, &before_);
}

void HeldSignals::restore() const {
  signal(SIGCHLD, child_end_);
  sigprocmask(SIG_SETMASK, &before_, nullptr);
}

Result<Child> Child::start(const std::vector<std::string> &command, const std::string &cgroup_directory,
                           const HeldSignals &signals) {
  std::vector<char *> arguments;
  arguments.reserve(command.size() + 1);
  for (const auto &word : command)
    arguments.push_back(const_cast<char *>(word.c_str()));
  arguments.push_back(nullptr);
  std::cout.flush();
  const int cgroup = open(cgroup_directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (cgroup < 0)
    return fail("cannot open cgroup " + cgroup_directory, errno);
  auto pid = clone_into(cgroup);
  if (pid < 0 && is_unknown(errno)) {
    pid = fork();
    if (pid == 0)
      enter(cgroup);
  }
  if (pid == 0) {
    signals.restore();
    become(arguments.data());
  }
  const int error = errno;
  close(cgroup);
  if (pid < 0)
    return fail("cannot start a process in cgroup " + cgroup_directory, error);
  return Child(pid);
}

int Child::wait(const HeldSignals &signals) const {
  for (;;) {
    siginfo_t info{};
    const int signal = sigwaitinfo(&signals.held(), &info);
    if (signal == SIGCHLD) {
      if (const auto code = take_news(pid_))
        return *code;
    } else if (signal > 0 && info.si_code <= 0) { // of a process
      kill(pid_, signal);
    }
  }
}

} // namespace nwgate
