// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/model/diagnostic_ids.h"
#include "engine/resolve/resolve.h"
#include "engine/xml/filter_reader.h"
#include "tools/nwgate/change.h"
#include "tools/nwgate/commands.h"
#include "tools/nwgate/exit_codes.h"
#include "tools/nwgate/output.h"

#include <fmt/format.h>
#include <iostream>

namespace nwgate {
namespace {

struct Definition {
  Filter filter;
  std::shared_ptr<const SourceText> source;
};

std::vector<Definition> read_definitions(Session &session, const Words &paths) {
  std::vector<Definition> definitions;
  auto limits = session.settings.document_limits;
  limits.check_schema = true;
  for (const auto &path : paths) {
    auto text = store::read_file(path, limits.document_size);
    auto source = std::make_shared<const SourceText>(path, text ? std::move(*text) : std::string{});
    if (!text)
      session.diagnostics.error(id::unreadable_file, {source, 0, 0}, text.error().message());
    else if (auto filter = xml::read_filter(source, limits, session.diagnostics))
      definitions.push_back({std::move(*filter), std::move(source)});
  }
  return definitions;
}

/// libvirt's rules: one UUID, one name.
void check_identity(const Definition &definition, Session &session, const std::vector<std::string> &names) {
  const auto &filter = definition.filter;
  const auto path = session.filters.path_of(filter.name);
  if (path && path->starts_with(session.directories.filters + "/"))
    session.diagnostics.error(
        id::administrators_file, filter.where,
        fmt::format("'{}' is defined by {}, which wins: edit that file and run nwgate apply", filter.name, *path));
  if (filter.uuid.empty())
    return;
  for (const auto &name : names) {
    Diagnostics unread;
    const auto *other = session.filters.find(name, unread);
    if (other == nullptr || other->uuid.empty())
      continue;
    if (name == filter.name && other->uuid != filter.uuid)
      session.diagnostics.error(id::uuid_conflict, filter.where,
                                fmt::format("'{}' exists with UUID {}", name, other->uuid));
    if (name != filter.name && other->uuid == filter.uuid)
      session.diagnostics.error(id::uuid_conflict, filter.where,
                                fmt::format("UUID {} belongs to the filter '{}'", filter.uuid, name));
  }
}

} // namespace

int command_define(const Words &words) {
  Arguments arguments(
      "define", "FILE...",
      "Keeps the filters and brings them to every binding that uses them, in one transaction: all of it\n"
      "or nothing.");
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

  auto definitions = read_definitions(session, arguments.words());
  const auto names = session.filters.names();
  if (!names)
    return session.fail_with(names.error());
  for (const auto &definition : definitions)
    check_identity(definition, session, *names);

  Session before(session.options, session.settings);
  std::set<std::string> changed;
  for (const auto &definition : definitions) {
    changed.insert(definition.filter.name);
    session.filters.define(definition.filter);
  }
  for (const auto &definition : definitions)
    (void)resolve(definition.filter.name, definition.filter.where, session.filters, session.settings.resolve_limits,
                  session.diagnostics);
  if (!session.diagnostics.ok())
    return session.finish();

  std::vector<std::string> users;
  const auto host = compile_users(session, before, changed, users);
  if (!host)
    return session.fail_with(host.error());
  if (!session.diagnostics.ok())
    return session.finish();

  std::vector<store::StagedFile> staged;
  for (const auto &definition : definitions) {
    auto file = store::StagedFile::write(
        fmt::format("{}/{}.xml", session.directories.defined_filters, definition.filter.name), definition.source->text);
    if (!file)
      return session.fail_with(file.error());
    staged.push_back(std::move(*file));
  }
  if (!host->ports.empty() || host->cgroups)
    if (const int code = commit_change(session, *host, Scope::named_ports); code != 0) {
      session.finish();
      return code;
    }
  for (auto &file : staged)
    if (auto published = file.publish(); !published)
      return session.fail_with(published.error());
  return session.finish();
}

} // namespace nwgate
