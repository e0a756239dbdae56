// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/model/diagnostic_ids.h"
#include "tools/nwgate/change.h"
#include "tools/nwgate/commands.h"
#include "tools/nwgate/exit_codes.h"

#include <fmt/format.h>

namespace nwgate {

int command_unbind(const Words &words) {
  Arguments arguments("unbind", "PORT...", "Detaches ports: their chains and links go, in one transaction.");
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
  for (const auto &port : arguments.words()) {
    const auto file = session.bindings().find(port);
    if (!file)
      session.diagnostics.error(id::not_bound, place(port), fmt::format("port '{}' is not bound", port));
    else if (file->permanent)
      session.diagnostics.error(id::administrators_file, place(file->path),
                                fmt::format("port '{}' is bound by this file: remove it and run nwgate apply", port));
    desired.leaving.push_back(port);
  }
  if (!session.diagnostics.ok())
    return session.finish();
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
