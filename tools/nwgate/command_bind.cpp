// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/model/diagnostic_ids.h"
#include "engine/xml/binding_reader.h"
#include "engine/xml/binding_writer.h"
#include "tools/nwgate/change.h"
#include "tools/nwgate/commands.h"
#include "tools/nwgate/exit_codes.h"

#include <filesystem>
#include <fmt/format.h>
#include <map>

namespace nwgate {
namespace {

struct BindOptions {
  std::string port;
  std::string mac;
  std::string filter;
  std::string owner;
  std::vector<std::string> parameters;
};

/// The options as a document, so that they meet the same checks as a file.
Binding binding_of(const BindOptions &options) {
  Binding binding;
  binding.port = options.port;
  binding.owner_name = options.owner;
  const auto mac = MacAddress::parse(options.mac);
  if (!mac)
    throw po::error(fmt::format("--mac '{}' is not a MAC address", options.mac));
  binding.mac = *mac;
  binding.filter.filter = options.filter;
  for (const auto &parameter : options.parameters) {
    const auto equals = parameter.find('=');
    if (equals == std::string::npos)
      throw po::error(fmt::format("-p '{}' is not NAME=VALUE", parameter));
    binding.filter.parameters.push_back({parameter.substr(0, equals), parameter.substr(equals + 1), {}});
  }
  return binding;
}

std::vector<Binding> read(const Arguments &arguments, const BindOptions &options, Session &session) {
  if (arguments.words().empty()) {
    const auto source = std::make_shared<const SourceText>("command line", xml::write_binding(binding_of(options)));
    return xml::read_bindings(source, session.settings.document_limits, session.diagnostics);
  }
  return store::read_binding_file(arguments.words().front(), session.settings.document_limits, session.diagnostics);
}

bool is_same_file(const std::string &left, const std::string &right) {
  std::error_code error;
  return std::filesystem::equivalent(left, right, error) && !error;
}

/// A port that the administrator's own file binds is bound by that file only.
bool belongs_to_administrator(const Binding &binding, const Arguments &arguments, Session &session) {
  const auto file = session.bindings().find(binding.port);
  if (!file || !file->permanent)
    return false;
  if (arguments.words().empty() || !is_same_file(arguments.words().front(), file->path))
    session.diagnostics.error(
        id::administrators_file, binding.where,
        fmt::format("port '{}' is bound by {}: edit that file and run nwgate apply", binding.port, file->path));
  return true;
}

} // namespace

int command_bind(const Words &words) {
  BindOptions options;
  Arguments arguments(
      "bind", "FILE | --port NAME --mac ADDRESS --filter NAME [-p NAME=VALUE]...",
      "Attaches a filter to a port. FILE is a <filterbinding>, or a libvirt <interface> or <domain>, whose\n"
      "interfaces are then all bound, in one transaction. A port that is bound already gets the new binding.");
  arguments.add_options()("port", po::value(&options.port)->value_name("NAME"), "the network device")(
      "mac", po::value(&options.mac)->value_name("ADDRESS"), "the MAC address of the workload behind it")(
      "filter", po::value(&options.filter)->value_name("NAME"),
      "the top filter")("owner", po::value(&options.owner)->value_name("NAME"), "the workload's name, for the listing")(
      "parameter,p", po::value(&options.parameters)->value_name("NAME=VALUE"),
      "a variable's value; several of one name make a list");
  if (!arguments.parse(words))
    return exit_done;
  arguments.require_words(0, 1);
  const bool has_needed = !options.port.empty() && !options.mac.empty() && !options.filter.empty();
  const bool has_any = !options.port.empty() || !options.mac.empty() || !options.filter.empty() ||
                       !options.owner.empty() || !options.parameters.empty();
  if (arguments.words().empty() ? !has_needed : has_any)
    throw po::error("bind takes either a FILE alone, or --port, --mac and --filter");

  auto opened = Session::open(arguments.common());
  if (const auto *code = std::get_if<int>(&opened))
    return *code;
  auto &session = std::get<Session>(opened);
  const auto bindings = read(arguments, options, session);
  const auto lock = store::Lock::take(session.directories.lock_file);
  if (!lock)
    return session.fail_with(lock.error());

  Compiler compiler(session);
  HostChange host;
  std::map<std::string, std::string> documents; // path and text
  std::set<std::string> ports;
  for (const auto &binding : bindings) {
    if (!ports.insert(binding.port).second)
      session.diagnostics.error(id::port_given_twice, binding.where,
                                fmt::format("port '{}' is bound twice here", binding.port));
    if (!belongs_to_administrator(binding, arguments, session))
      documents[session.bindings().transient_path(binding.port)] = xml::write_binding(binding);
    if (auto port = compiler.compile(binding, session.diagnostics))
      host.ports.push_back(std::move(*port));
  }
  if (!session.diagnostics.ok())
    return session.finish();

  std::vector<store::StagedFile> staged;
  for (const auto &[path, text] : documents) {
    auto file = store::StagedFile::write(path, text);
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
  return session.finish();
}

} // namespace nwgate
