// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/xml/binding_reader.h"
#include "engine/xml/binding_writer.h"
#include "tools/nwgate/bind.h"
#include "tools/nwgate/commands.h"
#include "tools/nwgate/exit_codes.h"

#include <fmt/format.h>

namespace nwgate {
namespace {

struct BindOptions {
  std::string port;
  std::string mac;
  std::string cgroup;
  std::string classid;
  std::string backend;
  bool merges = false;
  std::string filter;
  std::string owner;
  std::vector<std::string> parameters;

  [[nodiscard]] bool is_of_cgroup() const { return !cgroup.empty() || !classid.empty(); }
  [[nodiscard]] bool has_any() const {
    return is_of_cgroup() || merges || !port.empty() || !mac.empty() || !filter.empty() || !owner.empty() ||
           !backend.empty() || !parameters.empty();
  }
  [[nodiscard]] bool has_needed() const {
    if (is_of_cgroup())
      return !filter.empty() && port.empty() && mac.empty() && (cgroup.empty() || classid.empty());
    return !port.empty() && !mac.empty() && !filter.empty() && backend.empty() && !merges;
  }
};

CgroupName cgroup_of(const BindOptions &options) {
  if (!options.classid.empty()) {
    const auto classid = parse_classid(options.classid);
    if (!classid)
      throw po::error(fmt::format("--classid '{}' is not a number from 1 to 0xffffffff", options.classid));
    return {{}, *classid};
  }
  auto path = normal_cgroup_path(options.cgroup);
  if (!path)
    throw po::error(fmt::format(
        "--cgroup '{}' is not a path from the root of cgroup2 on, as in /system.slice, of at most 4095 bytes "
        "and 255 in each part",
        options.cgroup));
  return {std::move(*path), 0};
}

/// The options as a document, so that they meet the same checks as a file.
Binding binding_of(const BindOptions &options) {
  Binding binding;
  binding.owner_name = options.owner;
  if (options.is_of_cgroup()) {
    binding.cgroup = cgroup_of(options);
    binding.merges_lists = options.merges;
    const auto backend = find_backend(options.backend.empty() ? "auto" : options.backend);
    if (!backend)
      throw po::error(fmt::format("--backend '{}' is not auto, bpf or nftables", options.backend));
    binding.backend = *backend;
  } else {
    binding.port = options.port;
    const auto mac = MacAddress::parse(options.mac);
    if (!mac)
      throw po::error(fmt::format("--mac '{}' is not a MAC address", options.mac));
    binding.mac = *mac;
  }
  binding.filter.filter = options.filter;
  for (const auto &parameter : options.parameters) {
    if (!add_parameter(parameter, binding))
      throw po::error(fmt::format("-p '{}' is not NAME=VALUE", parameter));
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

} // namespace

int command_bind(const Words &words) {
  BindOptions options;
  Arguments arguments(
      "bind", "FILE | --port NAME --mac ADDRESS --filter NAME | --cgroup PATH --filter NAME [-p NAME=VALUE]...",
      "Attaches a filter to a port or a cgroup. FILE is a <filterbinding>, a <cgroupbinding>, or a libvirt\n"
      "<interface> or <domain>, whose interfaces are then all bound, in one transaction. What is bound already gets\n"
      "the new binding. A cgroup that does not exist is bound when it does: see nwgate apply and nwgate watch.");
  arguments.add_options()("port", po::value(&options.port)->value_name("NAME"), "the network device")(
      "mac", po::value(&options.mac)->value_name("ADDRESS"), "the MAC address of the workload behind it")(
      "cgroup", po::value(&options.cgroup)->value_name("PATH"), "a cgroup of v2, from the root of its hierarchy on")(
      "classid", po::value(&options.classid)->value_name("NUMBER"), "the class id of cgroups of net_cls (v1)")(
      "backend", po::value(&options.backend)->value_name("NAME"), "of a cgroup: auto, bpf or nftables")(
      "merge", po::bool_switch(&options.merges), "the lists ALLOW and DENY of the cgroups above are this one's too")(
      "filter", po::value(&options.filter)->value_name("NAME"),
      "the top filter")("owner", po::value(&options.owner)->value_name("NAME"), "the workload's name, for the listing")(
      "parameter,p", po::value(&options.parameters)->value_name("NAME=VALUE"),
      "a variable's value; several of one name make a list");
  if (!arguments.parse(words))
    return exit_done;
  arguments.require_words(0, 1);
  if (arguments.words().empty() ? !options.has_needed() : options.has_any())
    throw po::error(
        "bind takes either a FILE alone; or --port, --mac and --filter; or --cgroup or --classid, and --filter");

  auto opened = Session::open(arguments.common());
  if (const auto *code = std::get_if<int>(&opened))
    return *code;
  auto &session = std::get<Session>(opened);
  const auto bindings = read(arguments, options, session);
  const auto lock = store::Lock::take(session.directories.lock_file);
  if (!lock)
    return session.fail_with(lock.error());

  return bind_all(session, bindings, arguments.words().empty() ? std::string() : arguments.words().front());
}

} // namespace nwgate
