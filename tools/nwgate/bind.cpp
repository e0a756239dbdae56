// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/nwgate/bind.h"

#include "engine/model/diagnostic_ids.h"
#include "engine/xml/binding_writer.h"
#include "tools/nwgate/cgroups.h"
#include "tools/nwgate/change.h"
#include "tools/nwgate/output.h"

#include <filesystem>
#include <fmt/format.h>
#include <map>
#include <sstream>

namespace nwgate {
namespace {

bool is_same_file(const std::string &left, const std::string &right) {
  std::error_code error;
  return std::filesystem::equivalent(left, right, error) && !error;
}

/// A port that the administrator's own file binds is bound by that file only.
bool belongs_to_administrator(const Binding &binding, const std::string &path, Session &session) {
  const auto file = session.bindings().find(binding.name());
  if (!file || !file->permanent)
    return false;
  if (path.empty() || !is_same_file(path, file->path))
    session.diagnostics.error(
        id::administrators_file, binding.where,
        fmt::format("'{}' is bound by {}: edit that file and run nwgate apply", binding.name(), file->path));
  return true;
}

} // namespace

// systemd's settings are lists in one value, with names of their own.
bool add_parameter(const std::string &text, Binding &binding) {
  const auto equals = text.find('=');
  if (equals == std::string::npos)
    return false;
  const auto name = text.substr(0, equals);
  const auto value = text.substr(equals + 1);
  if (!binding.cgroup || (name != "IPAddressAllow" && name != "IPAddressDeny")) {
    binding.filter.parameters.push_back({name, value, {}});
    return true;
  }
  const std::string list = name == "IPAddressAllow" ? "ALLOW" : "DENY";
  std::istringstream words(value);
  std::string word;
  if (!(words >> word)) // as in a unit: forget what has been assigned
    std::erase_if(binding.filter.parameters, [&](const auto &parameter) { return parameter.name == list; });
  for (; words; words >> word)
    binding.filter.parameters.push_back({list, word, {}});
  return true;
}

int bind_all(Session &session, const std::vector<Binding> &bindings, const std::string &path) {
  Compiler compiler(session);
  HostChange host;
  std::map<std::string, std::string> documents; // path and text
  std::set<std::string> names;
  std::vector<Binding> cgroups;
  for (const auto &binding : bindings) {
    if (!names.insert(binding.name()).second)
      session.diagnostics.error(id::port_given_twice, binding.where,
                                fmt::format("port '{}' is bound twice here", binding.port));
    if (!belongs_to_administrator(binding, path, session)) {
      const auto place = session.bindings().transient_path(binding.name());
      if (store::exists(place) && !session.bindings().find(binding.name()))
        session.diagnostics.error(id::name_is_not_file_name, binding.where,
                                  fmt::format("the file for this binds another cgroup; remove it: {}", place));
      documents[place] = xml::write_binding(binding);
    }
    if (binding.cgroup)
      cgroups.push_back(binding);
    else if (auto port = compiler.compile(binding, session.diagnostics))
      host.ports.push_back(std::move(*port));
  }
  if (!cgroups.empty())
    if (auto changed = change_cgroups(session, compiler, cgroups, {}, host); !changed)
      return session.fail_with(changed.error());
  if (!session.diagnostics.ok())
    return session.finish();

  std::vector<store::StagedFile> staged;
  for (const auto &[place, text] : documents) {
    auto file = store::StagedFile::write(place, text);
    if (!file)
      return session.fail_with(file.error());
    staged.push_back(std::move(*file));
  }
  if (const int code = commit_change(session, host, Scope::named_ports); code != 0) {
    session.finish();
    return code;
  }
  for (auto &file : staged)
    if (auto published = file.publish(); !published)
      return session.fail_with(published.error());
  for (const auto &port : host.ports)
    warn_of_bridge_netfilter(session, port);
  warn_of_unseen_input(session);
  return session.finish();
}

void warn_of_unseen_input(const Session &session) {
  Diagnostics told;
  for (const auto &diagnostic : session.diagnostics.sorted())
    if (diagnostic.id == id::cgroup_input_unseen)
      told.warning(diagnostic.id, diagnostic.where, diagnostic.message);
  print_diagnostics(told, session.options.json);
}

int unbind_cgroup(Session &session, const std::string &name) {
  Compiler compiler(session);
  HostChange host;
  if (auto changed = change_cgroups(session, compiler, {}, {name}, host); !changed)
    return session.fail_with(changed.error());
  if (const int code = commit_change(session, host, Scope::named_ports); code != 0) {
    session.finish();
    return code;
  }
  if (auto removed = store::remove_file(session.bindings().transient_path(name)); !removed)
    return session.fail_with(removed.error());
  return session.finish();
}

} // namespace nwgate
