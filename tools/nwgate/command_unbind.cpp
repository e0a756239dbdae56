// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/model/diagnostic_ids.h"
#include "tools/nwgate/cgroups.h"
#include "tools/nwgate/change.h"
#include "tools/nwgate/commands.h"
#include "tools/nwgate/exit_codes.h"

#include <fmt/format.h>

namespace nwgate {

int command_unbind(const Words &words) {
  Arguments arguments("unbind", "NAME...",
                      "Detaches ports and cgroups: their chains, links and elements go, in one transaction.");
  if (!arguments.parse(words))
    return exit_done;
  arguments.require_words(1, 100000);
  auto opened = Session::open(arguments.common());
  if (const auto *code = std::get_if<int>(&opened))
    return *code;
  auto &session = std::get<Session>(opened);
  const auto lock = store::Lock::take(session.directories.lock_file);
  if (!lock)
    return session.fail_with(lock.error());

  const auto place = [](const std::string &name) {
    return SourcePosition{std::make_shared<const SourceText>(name, ""), 0, 0};
  };
  HostChange desired;
  std::set<std::string> cgroups;
  for (const auto &name : arguments.words()) {
    const auto file = session.bindings().find(name);
    if (!file)
      session.diagnostics.error(id::not_bound, place(name), fmt::format("'{}' is not bound", name));
    else if (file->permanent)
      session.diagnostics.error(id::administrators_file, place(file->path),
                                fmt::format("'{}' is bound by this file: remove it and run nwgate apply", name));
    if (parse_cgroup_name(name))
      cgroups.insert(name);
    else
      desired.leaving.push_back(name);
  }
  if (!session.diagnostics.ok())
    return session.finish();
  Compiler compiler(session);
  if (!cgroups.empty())
    if (auto changed = change_cgroups(session, compiler, {}, cgroups, desired); !changed)
      return session.fail_with(changed.error());
  for (const auto &port : arguments.words())
    if (auto removable = store::check_removable(session.bindings().transient_path(port)); !removable)
      return session.fail_with(removable.error());
  if (const int code = commit_change(session, desired, Scope::named_ports); code != 0) {
    session.finish();
    return code;
  }
  for (const auto &port : arguments.words())
    if (auto removed = store::remove_file(session.bindings().transient_path(port)); !removed)
      return session.fail_with(removed.error());
  return session.finish();
}

} // namespace nwgate
