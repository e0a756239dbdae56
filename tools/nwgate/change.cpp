// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/nwgate/change.h"

#include "drivers/link/devices.h"
#include "drivers/nftables/bridge_conntrack.h"
#include "engine/model/diagnostic_ids.h"
#include "tools/nwgate/exit_codes.h"
#include "tools/nwgate/output.h"

#include <fmt/format.h>
#include <fstream>
#include <iostream>

namespace nwgate {

xtables::Desired HostChange::for_xtables(const Session &session) const {
  xtables::Desired desired;
  desired.prefix = session.prefix;
  desired.leaving = leaving;
  desired.untouched = untouched;
  desired.adopt = adopt;
  for (const auto &port : ports)
    if (const auto *ruleset = std::get_if<std::shared_ptr<const xtables::PortRuleset>>(&port.rules))
      desired.ports.push_back(ruleset->get());
  return desired;
}

nftables::Desired HostChange::for_nftables(const Session &session) const & {
  return HostChange(*this).for_nftables(session);
}

nftables::Desired HostChange::for_nftables(const Session &session) && {
  nftables::Desired desired;
  desired.is_device = link::is_device;
  desired.options.mark_mask = session.settings.mark_mask;
  desired.leaving = leaving;
  desired.untouched = untouched;
  for (auto &port : ports)
    if (auto *program = std::get_if<nftables::PortProgram>(&port.rules))
      desired.ports.push_back({std::move(*program), port.device});
  return desired;
}

Result<HostChange> compile_host(Session &session, Compiler &compiler) {
  const auto bindings = session.bindings();
  auto files = bindings.list();
  if (!files)
    return fail(std::move(files.error()));
  HostChange host;
  for (const auto &file : *files) {
    const auto binding = bindings.read(file, session.diagnostics);
    auto port = binding ? compiler.compile(*binding, session.diagnostics) : std::nullopt;
    if (port)
      host.ports.push_back(std::move(*port));
    else
      host.untouched.insert(file.port);
  }
  return host;
}

namespace {

/// Why the IP layers see no bridged packets.
struct Unseen {
  std::string path;
  bool exists = false;
  std::string text;
};

std::vector<Unseen> why_unseen(const CompiledPort &port) {
  std::vector<Unseen> unseen;
  if (const auto *program = std::get_if<nftables::PortProgram>(&port.rules);
      program != nullptr && program->attachment != nftables::Attachment::bridge)
    return unseen;
  const auto ask = [&](Layer layer, const char *name) {
    if (!port.has_layer(layer))
      return;
    const std::string path = std::string("/proc/sys/net/bridge/") + name;
    const auto value = store::read_file(path, 16);
    if (value && value->starts_with('1'))
      return;
    unseen.push_back({path, value.has_value(),
                      fmt::format("{} {}", path, value ? "is off" : "does not exist (module br_netfilter)")});
  };
  ask(Layer::ipv4, "bridge-nf-call-iptables");
  ask(Layer::ipv6, "bridge-nf-call-ip6tables");
  return unseen;
}

/// Has bridged packets handed to the IP layers, as the setting says; ports whose rules would see none of them are not
/// committed.
void require_bridge_netfilter(Session &session, HostChange &change) {
  const auto place = [](const std::string &path) {
    return SourcePosition{std::make_shared<const SourceText>(path, ""), 0, 0};
  };
  std::erase_if(change.ports, [&](const CompiledPort &port) {
    bool is_refused = false;
    for (const auto &why : why_unseen(port)) {
      if (why.exists && session.settings.bridge_netfilter == "enable" && std::ofstream(why.path) << "1" << std::flush)
        continue;
      session.diagnostics.error(
          id::bridge_netfilter_off, place(why.path),
          fmt::format("{}: rules of tcp, udp, ... would see no bridged packet of '{}'", why.text, port.port));
      is_refused = true;
    }
    if (is_refused)
      change.untouched.insert(port.port);
    return is_refused;
  });
}

struct Committed {
  std::size_t operations = 0;
  std::size_t bytes = 0;
  std::chrono::nanoseconds time{};
};

Result<Committed> commit_xtables(Session &session, const HostChange &change, Scope scope, netlink::Channel &channel) {
  const auto applied =
      xtables::apply(change.for_xtables(session),
                     scope == Scope::everything ? xtables::Scope::everything : xtables::Scope::named_ports, channel,
                     session.ip_sets, session.diagnostics);
  if (!applied)
    return fail(applied.error());
  return Committed{applied->operations, applied->bytes, applied->commit_time};
}

Result<Committed> commit_nftables(Session &session, const HostChange &change, Scope scope, netlink::Channel &channel) {
  const auto applied =
      nftables::apply(change.for_nftables(session),
                      scope == Scope::everything ? nftables::Scope::everything : nftables::Scope::named_ports, channel,
                      session.ip_sets, session.diagnostics);
  if (!applied)
    return fail(applied.error());
  return Committed{applied->operations, applied->bytes, applied->commit_time};
}

/// Takes away what another layout than that of the settings has in the kernel, but for ports that are broken.
Result<> remove_other_layout(Session &session, const HostChange &change, netlink::Channel &channel) {
  HostChange nothing;
  nothing.untouched = change.untouched;
  const auto removed = session.settings.layout == "xtables"
                           ? commit_nftables(session, nothing, Scope::everything, channel)
                           : commit_xtables(session, nothing, Scope::everything, channel);
  if (!removed)
    return fail(removed.error());
  return {};
}

} // namespace

Result<> use_bridge_conntrack(const Session &session, HostChange &change, netlink::Channel &channel) {
  std::optional<bool> is_tracked;
  for (auto &port : change.ports) {
    auto *program = std::get_if<nftables::PortProgram>(&port.rules);
    if (program == nullptr || program->attachment != nftables::Attachment::bridge ||
        !nftables::has_ip_layer(*program->program) || !nftables::fits_bridge_conntrack(*program->program) ||
        session.settings.bridge_conntrack == "off")
      continue;
    if (!is_tracked) {
      auto found = nftables::tracks_bridge_connections(channel);
      if (!found)
        return fail(std::move(found.error()));
      is_tracked = *found;
    }
    if (*is_tracked)
      program->attachment = nftables::Attachment::bridge_conntrack;
  }
  return {};
}

int commit_change(Session &session, const HostChange &wanted, Scope scope) {
  auto change = wanted;
  const auto errors = session.diagnostics.error_count();
  const bool is_xtables = session.settings.layout == "xtables";
  auto socket = netlink::Socket::open();
  if (!socket)
    return session.fail_with(socket.error());
  if (!is_xtables) {
    if (auto chosen = use_bridge_conntrack(session, change, *socket); !chosen)
      return session.fail_with(chosen.error());
    require_bridge_netfilter(session, change);
  }
  if (scope == Scope::named_ports && session.diagnostics.error_count() != errors)
    return exit_machine;
  const auto committed =
      is_xtables ? commit_xtables(session, change, scope, *socket) : commit_nftables(session, change, scope, *socket);
  if (!committed)
    return session.fail_with(committed.error());
  if (session.options.timing)
    std::cerr << fmt::format("commit: {} us, {} operations, {} bytes\n",
                             std::chrono::duration_cast<std::chrono::microseconds>(committed->time).count(),
                             committed->operations, committed->bytes);
  // Behind the commit: for a moment both are in force, never none.
  if (scope == Scope::everything && session.diagnostics.error_count() == errors)
    if (auto removed = remove_other_layout(session, change, *socket); !removed)
      return session.fail_with(removed.error());
  return session.diagnostics.error_count() == errors ? exit_done : exit_machine;
}

Result<HostChange> compile_users(Session &session, Session &before, const std::set<std::string> &filters,
                                 std::vector<std::string> &users) {
  const auto bindings = session.bindings();
  auto files = bindings.list();
  if (!files)
    return fail(std::move(files.error()));
  Compiler compiler(session);
  Compiler compiler_before(before);
  HostChange host;
  for (const auto &file : *files) {
    Diagnostics unread;
    const auto binding = bindings.read(file, unread);
    if (!binding)
      continue;
    Diagnostics old_errors;
    const bool was_well = compiler_before.compile(*binding, old_errors).has_value();
    Diagnostics new_errors;
    auto port = compiler.compile(*binding, new_errors);
    const auto &reached = compiler.filters_of(binding->filter.filter);
    const auto &reached_before = compiler_before.filters_of(binding->filter.filter);
    const bool uses = std::ranges::any_of(
        filters, [&](const std::string &name) { return reached.contains(name) || reached_before.contains(name); });
    if (!uses)
      continue;
    users.push_back(file.port);
    if (port)
      host.ports.push_back(std::move(*port));
    else if (was_well)
      session.diagnostics.append(new_errors);
  }
  return host;
}

void warn_of_bridge_netfilter(const Session &session, const CompiledPort &port) {
  if (session.settings.layout != "xtables")
    return;
  for (const auto &why : why_unseen(port))
    std::cerr << fmt::format("nwgate: warning: {}: rules of tcp, udp, ... see no bridged packet of '{}'\n", why.text,
                             port.port);
}

} // namespace nwgate
