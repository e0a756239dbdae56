// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/cgroup/hierarchy.h"
#include "engine/xml/binding_reader.h"
#include "engine/xml/binding_writer.h"
#include "tools/nwgate/bind.h"
#include "tools/nwgate/cgroup_stats.h"
#include "tools/nwgate/child.h"
#include "tools/nwgate/commands.h"
#include "tools/nwgate/exit_codes.h"

#include <chrono>
#include <fmt/format.h>
#include <iostream>
#include <thread>
#include <unistd.h>

namespace nwgate {
namespace {

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
      path = own ? fmt::format("{}/nwgate-run-{}.scope", *own == "/" ? "" : *own, getpid()) : "";
      if (!normal_cgroup_path(path))
        return fail(Error((own ? fmt::format("the cgroup of this process, {}, is outside of its cgroup namespace", *own)
                               : own.error().message()) +
                          ": name a cgroup to make (--cgroup)"));
    }
    if (auto made = hierarchy->make(path); !made)
      return fail(std::move(made.error()));
    return OwnCgroup(*hierarchy, std::move(path));
  }

  [[nodiscard]] const std::string &path() const { return path_; }
  [[nodiscard]] std::string directory() const { return hierarchy_.directory_of(path_); }
  [[nodiscard]] Result<> remove() const { return hierarchy_.remove(path_); }
  /// Whether no process is in it, or in one below it. Those that end with the command, as the rest of a pipe does, are
  /// waited for.
  [[nodiscard]] bool is_empty() const {
    using namespace std::chrono_literals;
    for (int tries = 0; tries < 20; ++tries) {
      const auto events = store::read_file(directory() + "/cgroup.events", 4096);
      if (events && events->find("populated 0") != std::string::npos)
        return true;
      std::this_thread::sleep_for(10ms);
    }
    return false;
  }

private:
  OwnCgroup(cgroup::Hierarchy hierarchy, std::string path) : hierarchy_(std::move(hierarchy)), path_(std::move(path)) {}
  cgroup::Hierarchy hierarchy_;
  std::string path_;
};

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
    throw po::error(fmt::format(
        "--cgroup '{}' is not a path of a cgroup below the root, of at most 4095 bytes and 255 in each part",
        options.cgroup));
  auto opened = Session::open(arguments.common());
  if (const auto *code = std::get_if<int>(&opened))
    return *code;
  auto &session = std::get<Session>(opened);

  const auto draft = binding_of(options, asked->empty() ? "/x" : *asked); // what is wrong with it is told first
  const HeldSignals signals;
  const auto cgroup = OwnCgroup::make(*asked);
  if (!cgroup)
    return session.fail_with(cgroup.error());
  auto binding = draft;
  binding.cgroup->path = cgroup->path();
  const int bound = locked(session, [&] {
    if (!asked->empty() && session.bindings().find(*asked))
      return session.fail_with(Error(fmt::format("'{}' is bound already: unbind it, or name another cgroup", *asked)));
    const auto source = std::make_shared<const SourceText>("command line", xml::write_binding(binding));
    const auto bindings = xml::read_bindings(source, session.settings.document_limits, session.diagnostics);
    return session.diagnostics.ok() ? bind_all(session, bindings, {}) : session.finish();
  });
  if (bound != exit_done) {
    (void)cgroup->remove();
    return bound;
  }
  int code = exit_not_started;
  if (const auto child = Child::start(command, cgroup->directory(), signals))
    code = child->wait(signals);
  else
    session.fail_with(child.error());
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
