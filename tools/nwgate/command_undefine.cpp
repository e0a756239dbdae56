// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/model/diagnostic_ids.h"
#include "tools/nwgate/change.h"
#include "tools/nwgate/commands.h"
#include "tools/nwgate/exit_codes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace nwgate {
namespace {

SourcePosition place_of(const std::string &path) { return {std::make_shared<const SourceText>(path, ""), 0, 0}; }

/// The filters that include `name` themselves.
Result<std::vector<std::string>> includers_of(const std::string &name, Session &session) {
  auto names = session.filters.names();
  if (!names)
    return fail(std::move(names.error()));
  std::vector<std::string> includers;
  for (const auto &other : *names) {
    Diagnostics unread;
    const auto *filter = session.filters.find(other, unread);
    const auto includes = [&](const auto &item) {
      const auto *reference = std::get_if<FilterRef>(&item);
      return reference != nullptr && reference->filter == name;
    };
    if (filter != nullptr && std::ranges::any_of(filter->items, includes))
      includers.push_back(other);
  }
  return includers;
}

} // namespace

int command_undefine(const Words &words) {
  Arguments arguments(
      "undefine", "NAME",
      "Forgets a filter that was defined with nwgate define. A filter that a binding or another filter\n"
      "uses stays, unless a shipped filter of the same name takes its place.");
  if (!arguments.parse(words))
    return exit_done;
  arguments.require_words(1, 1);
  auto opened = Session::open(arguments.common());
  if (const auto *code = std::get_if<int>(&opened))
    return *code;
  auto &session = std::get<Session>(opened);
  const auto lock = store::Lock::take(session.directories.lock_file);
  if (!lock)
    return session.fail_with(lock.error());

  const auto &name = arguments.words().front();
  const auto defined = fmt::format("{}/{}.xml", session.directories.defined_filters, name);
  if (name.find('/') != std::string::npos || !store::exists(defined)) {
    const auto path = session.filters.path_of(name);
    if (!path)
      session.diagnostics.error(id::unknown_filter, place_of(defined),
                                fmt::format("there is no filter named '{}'", name));
    else if (path->starts_with(session.directories.filters + "/"))
      session.diagnostics.error(id::administrators_file, place_of(*path),
                                fmt::format("'{}' is defined by this file: remove it and run nwgate apply", name));
    else
      session.diagnostics.error(id::shipped_filter, place_of(*path),
                                fmt::format("'{}' was not defined with nwgate define and cannot be undefined", name));
    return session.finish();
  }

  Session before(session.options, session.settings);
  session.filters.hide(defined);
  std::vector<std::string> users;
  const bool falls_back = session.filters.path_of(name).has_value();
  if (!falls_back) {
    const auto includers = includers_of(name, before);
    if (!includers)
      return session.fail_with(includers.error());
    if (!includers->empty())
      session.diagnostics.error(id::filter_in_use, place_of(defined),
                                fmt::format("'{}' is included by {}", name, fmt::join(*includers, ", ")));
  }
  Diagnostics kept = session.diagnostics;
  const auto host = compile_users(session, before, {name}, users);
  if (!host)
    return session.fail_with(host.error());
  if (!falls_back) {
    session.diagnostics = kept;
    if (!users.empty())
      session.diagnostics.error(id::filter_in_use, place_of(defined),
                                fmt::format("'{}' is in use by {}", name, fmt::join(users, ", ")));
  }
  if (!session.diagnostics.ok())
    return session.finish();
  if (auto removable = store::check_removable(defined); !removable)
    return session.fail_with(removable.error());
  if (!host->ports.empty() || host->cgroups)
    if (const int code = commit_change(session, *host, Scope::named_ports); code != 0) {
      session.finish();
      return code;
    }
  if (auto removed = store::remove_file(defined); !removed)
    return session.fail_with(removed.error());
  return session.finish();
}

} // namespace nwgate
