// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/nwgate/commands.h"
#include "tools/nwgate/exit_codes.h"
#include "tools/nwgate/output.h"
#include "tools/nwgate/watcher.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <fmt/format.h>
#include <iostream>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace nwgate {
namespace {

/// Signals as something that poll() tells.
class Signals {
public:
  Signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP})
      sigaddset(&set, signal);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    file_ = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  }
  ~Signals() { ::close(file_); }
  Signals(const Signals &) = delete;
  Signals &operator=(const Signals &) = delete;

  [[nodiscard]] int descriptor() const { return file_; }
  /// The next one that has come, or 0.
  [[nodiscard]] int take() const {
    signalfd_siginfo info;
    return read(file_, &info, sizeof info) == sizeof info ? static_cast<int>(info.ssi_signo) : 0;
  }

private:
  int file_;
};

void print_state(bool as_json, const std::string &name, const std::string &state) {
  std::cout << (as_json ? json_text({{"cgroup", name}, {"state", state}}, -1) : fmt::format("{}: {}", name, state))
            << std::endl;
}

} // namespace

int command_watch(const Words &words) {
  Arguments arguments(
      "watch", "",
      "Keeps cgroups bound, until it is ended by SIGINT or SIGTERM: attaches each when it appears, and again when it\n"
      "is made again under its path; takes up documents when they change, as nwgate apply does for cgroups. Ports are\n"
      "left alone. Prints a line for each change. SIGHUP has everything read again. What is attached stays so when\n"
      "nwgate watch ends.");
  if (!arguments.parse(words))
    return exit_done;
  arguments.require_words(0, 0);
  const Signals signals;
  const bool as_json = arguments.common().json;
  auto opened = Watcher::open(arguments.common(), [&](const std::string &name, const std::string &state) {
    print_state(as_json, name, state);
  });
  if (const auto *code = std::get_if<int>(&opened))
    return *code;
  auto &watcher = std::get<Watcher>(opened);
  for (;;) {
    watcher.update();
    std::array<pollfd, 3> files = {pollfd{signals.descriptor(), POLLIN, 0},
                                   pollfd{watcher.cgroups_descriptor(), POLLIN, 0},
                                   pollfd{watcher.documents_descriptor(), POLLIN, 0}};
    if (poll(files.data(), files.size(), watcher.patience()) < 0 && errno != EINTR) {
      print_failure(Error::from_errno("cannot wait for changes", errno));
      return exit_machine;
    }
    while (const int signal = signals.take()) {
      if (signal != SIGHUP)
        return exit_done;
      watcher.forget_documents();
    }
  }
}

} // namespace nwgate
