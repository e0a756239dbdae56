// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/nwgate/commands.h"
#include "tools/nwgate/exit_codes.h"
#include "tools/nwgate/output.h"
#include "tools/nwgate/watcher.h"

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

class Printer final : public Listener {
  using Committer = netlink::RulesetEvents::Committer;

public:
  explicit Printer(bool as_json) : as_json_(as_json) {}

  void tell_cgroup(const std::string &name, const std::string &state) override {
    print({{"cgroup", name}, {"state", state}}, fmt::format("{}: {}", name, state));
  }
  void tell_mended(const Committer &by) override { print_table(by, "mended", "mended"); }
  void tell_delay(const Committer &by, std::chrono::milliseconds delay) override {
    print_table(by, "waits", fmt::format("looked at in {} ms", delay.count()));
  }

private:
  void print_table(const Committer &by, const char *state, const std::string &text) const {
    nlohmann::ordered_json json;
    std::string what = "nf_tables";
    if (by.table) {
      const auto name = to_text(*by.table);
      json["table"] = name;
      what = "table " + name;
    }
    json.update({{"state", state}, {"by", by.name}, {"pid", by.pid}});
    print(json, fmt::format("{}: changed by {}, {}", what,
                            by.name.empty() ? "others" : fmt::format("{} (pid {})", by.name, by.pid), text));
  }
  void print(const nlohmann::ordered_json &json, const std::string &text) const {
    std::cout << (as_json_ ? json_text(json, -1) : text) << std::endl;
  }

  bool as_json_;
};

} // namespace

int command_watch(const Words &words) {
  Arguments arguments(
      "watch", "",
      "Keeps cgroups bound, until it is ended by SIGINT or SIGTERM: attaches each when it appears, and again when it\n"
      "is made again under its path; takes up documents when they change, as nwgate apply does for cgroups; and mends\n"
      "the rules of cgroups when somebody else changes them in the kernel. Ports are left alone. Prints a line for\n"
      "each change. SIGHUP has everything read again. What is attached stays so when nwgate watch ends.");
  if (!arguments.parse(words))
    return exit_done;
  arguments.require_words(0, 0);
  const Signals signals;
  Printer printer(arguments.common().json);
  auto opened = Watcher::open(arguments.common(), printer);
  if (const auto *code = std::get_if<int>(&opened))
    return *code;
  auto &watcher = std::get<Watcher>(opened);
  for (;;) {
    watcher.update();
    std::vector<pollfd> files = {pollfd{signals.descriptor(), POLLIN, 0}};
    for (const int descriptor : watcher.descriptors())
      files.push_back(pollfd{descriptor, POLLIN, 0});
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
