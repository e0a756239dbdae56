// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/cgroup/hierarchy.h"
#include "engine/xml/binding_reader.h"
#include "engine/xml/binding_writer.h"
#include "tools/nwgate/bind.h"
#include "tools/nwgate/cgroup_stats.h"
#include "tools/nwgate/commands.h"
#include "tools/nwgate/exit_codes.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <iostream>
#include <sys/wait.h>
#include <unistd.h>

namespace nwgate {
namespace {

/// Shells' exit codes: the command cannot be started, there is none of that name, a signal ended it.
constexpr int exit_not_started = 126, exit_not_found = 127, exit_by_signal = 128;

constexpr std::array forwarded = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGCONT, SIGWINCH};

struct RunOptions {
  std::string filter;
  std::string backend;
  std::string cgroup;
  std::vector<std::string> parameters;
  bool stats = false;
};

Binding binding_of(const RunOptions &options, const std::string &path) {
  Binding binding;
  binding.cgroup = CgroupName{path, 0};
  binding.filter.filter = options.filter;
  const auto backend = find_backend(options.backend.empty() ? "auto" : options.backend);
  if (!backend)
    throw po::error(fmt::format("--backend '{}' is not auto, bpf or nftables", options.backend));
  binding.backend = *backend;
  for (const auto &parameter : options.parameters)
    if (!add_parameter(parameter, binding))
      throw po::error(fmt::format("-p '{}' is not NAME=VALUE", parameter));
  return binding;
}

/// A cgroup that goes when this does, if it has no processes any more.
class OwnCgroup {
public:
  static Result<OwnCgroup> make(const std::string &asked) {
    const auto hierarchy = cgroup::Hierarchy::find();
    if (!hierarchy)
      return fail(hierarchy.error());
    auto path = asked;
    if (path.empty()) {
      const auto own = hierarchy->own();
      if (!own)
        return fail(own.error());
      path = fmt::format("{}/nwgate-run-{}.scope", *own == "/" ? "" : *own, getpid());
    }
    if (auto made = hierarchy->make(path); !made)
      return fail(std::move(made.error()));
    return OwnCgroup(*hierarchy, std::move(path));
  }

  [[nodiscard]] const std::string &path() const { return path_; }
  [[nodiscard]] std::string processes_file() const { return hierarchy_.directory_of(path_) + "/cgroup.procs"; }
  [[nodiscard]] Result<> remove() const { return hierarchy_.remove(path_); }
  /// Whether no process is in it, or in one below it.
  [[nodiscard]] bool is_empty() const {
    const auto events = store::read_file(hierarchy_.directory_of(path_) + "/cgroup.events", 4096);
    return events && events->find("populated 0") != std::string::npos;
  }

private:
  OwnCgroup(cgroup::Hierarchy hierarchy, std::string path) : hierarchy_(std::move(hierarchy)), path_(std::move(path)) {}
  cgroup::Hierarchy hierarchy_;
  std::string path_;
};

/// In the child: enters the cgroup and becomes the command. Only what may be done behind fork() in a process that has
/// but one thread.
[[noreturn]] void become(const Words &command, const std::string &processes_file, const sigset_t &mask) {
  sigprocmask(SIG_SETMASK, &mask, nullptr);
  const int file = open(processes_file.c_str(), O_WRONLY | O_CLOEXEC);
  if (file < 0 || write(file, "0", 1) != 1) {
    std::cerr << fmt::format("nwgate: cannot enter the cgroup by {}: {}\n", processes_file, std::strerror(errno));
    _exit(exit_not_started);
  }
  std::vector<char *> arguments;
  for (const auto &word : command)
    arguments.push_back(const_cast<char *>(word.c_str()));
  arguments.push_back(nullptr);
  execvp(arguments.front(), arguments.data());
  const int error = errno;
  std::cerr << fmt::format("nwgate: cannot run {}: {}\n", command.front(), std::strerror(error));
  _exit(error == ENOENT ? exit_not_found : exit_not_started);
}

/// Waits for the command, and passes signals on to it that somebody sends; those of the terminal it gets itself.
int wait_for(pid_t child, const sigset_t &signals) {
  for (;;) {
    siginfo_t info{};
    const int signal = sigwaitinfo(&signals, &info);
    if (signal == SIGCHLD) {
      int status = 0;
      if (waitpid(child, &status, WNOHANG) == child)
        return WIFEXITED(status) ? WEXITSTATUS(status) : exit_by_signal + WTERMSIG(status);
    } else if (signal > 0 && info.si_code <= 0) {
      kill(child, signal);
    }
  }
}

void print_stats(Session &session, const std::string &name) {
  auto stats = cgroup_stats(session);
  if (!stats) {
    session.fail_with(stats.error());
    return;
  }
  std::erase_if(*stats, [&](const auto &entry) { return entry.first != name; });
  std::cerr << (session.options.json ? cgroup_stats_json(*stats) : cgroup_stats_table(*stats));
}

/// Under the lock.
template <typename Do> int locked(Session &session, Do do_it) {
  const auto lock = store::Lock::take(session.directories.lock_file);
  return lock ? do_it() : session.fail_with(lock.error());
}

} // namespace

int command_run(const Words &words) {
  RunOptions options;
  Arguments arguments(
      "run", "--filter NAME [-p NAME=VALUE]... [--stats] -- COMMAND [ARGUMENT...]",
      "Runs a command in a cgroup of its own, with a filter that is in force before the command is. The\n"
      "exit code is the command's; 126 if it cannot be started, 127 if there is none, 128 and the\n"
      "number of the signal that ended it. When it ends, the cgroup goes; if processes of it are still\n"
      "there, both stay until nwgate unbind.");
  arguments.add_options()("filter", po::value(&options.filter)->value_name("NAME"), "the top filter")(
      "parameter,p", po::value(&options.parameters)->value_name("NAME=VALUE"),
      "a variable's value; several of one name make a list; IPAddressAllow= and IPAddressDeny= as systemd has them")(
      "backend", po::value(&options.backend)->value_name("NAME"),
      "auto, bpf or nftables")("cgroup", po::value(&options.cgroup)->value_name("PATH"),
                               "the cgroup to make; otherwise one below that of nwgate itself")(
      "stats", po::bool_switch(&options.stats), "at the end, print what was sent and received, and denied, to stderr");
  const auto end = std::ranges::find(words, "--");
  if (!arguments.parse(Words(words.begin(), end)))
    return exit_done;
  arguments.require_words(0, 0);
  const Words command(end == words.end() ? end : end + 1, words.end());
  if (command.empty())
    throw po::error("run takes a command behind --");
  if (options.filter.empty())
    throw po::error("run needs --filter");
  auto asked = options.cgroup.empty() ? std::optional(std::string()) : normal_cgroup_path(options.cgroup);
  if (!asked || *asked == "/")
    throw po::error(fmt::format("--cgroup '{}' is not a path of a cgroup below the root", options.cgroup));
  auto opened = Session::open(arguments.common());
  if (const auto *code = std::get_if<int>(&opened))
    return *code;
  auto &session = std::get<Session>(opened);

  const auto draft = binding_of(options, asked->empty() ? "/x" : *asked); // what is wrong with it is told first
  sigset_t signals;
  sigset_t before;
  sigemptyset(&signals);
  sigaddset(&signals, SIGCHLD);
  for (const int signal : forwarded)
    sigaddset(&signals, signal);
  sigprocmask(SIG_BLOCK, &signals, &before);
  const auto inherited = std::signal(SIGCHLD, SIG_DFL); // if it is ignored, the end of the command is not told

  const auto cgroup = OwnCgroup::make(*asked);
  if (!cgroup)
    return session.fail_with(cgroup.error());
  auto binding = draft;
  binding.cgroup->path = cgroup->path();
  const int bound = locked(session, [&] {
    const auto source = std::make_shared<const SourceText>("command line", xml::write_binding(binding));
    const auto bindings = xml::read_bindings(source, session.settings.document_limits, session.diagnostics);
    return session.diagnostics.ok() ? bind_all(session, bindings, {}) : session.finish();
  });
  if (bound != exit_done) {
    (void)cgroup->remove();
    return bound;
  }
  std::cout.flush();
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGCHLD, inherited);
    become(command, cgroup->processes_file(), before);
  }
  const int code = child < 0 ? session.fail_with(Error::from_errno("cannot fork", errno)) : wait_for(child, signals);
  if (options.stats)
    print_stats(session, cgroup->path());
  if (!cgroup->is_empty()) {
    std::cerr << fmt::format("nwgate: {} has processes still: it stays, and stays bound\n", cgroup->path());
    return code;
  }
  const int unbound = locked(session, [&] { return unbind_cgroup(session, cgroup->path()); });
  if (auto removed = cgroup->remove(); !removed)
    return session.fail_with(removed.error());
  return unbound == exit_done ? code : unbound;
}

} // namespace nwgate
