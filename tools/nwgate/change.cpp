// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/nwgate/change.h"

#include "drivers/link/devices.h"
#include "drivers/nftables/bridge_conntrack.h"
#include "drivers/xtables/cgroup_layout.h"
#include "engine/model/diagnostic_ids.h"
#include "tools/nwgate/carried_counts.h"
#include "tools/nwgate/cgroups.h"
#include "tools/nwgate/exit_codes.h"
#include "tools/nwgate/output.h"

#include <algorithm>
#include <cerrno>
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
  desired.with_cgroups = cgroups.has_value();
  if (!cgroups)
    return desired;
  for (const auto &cgroup : cgroups->cgroups)
    if (cgroup.ruleset)
      desired.ports.push_back(cgroup.ruleset.get());
  for (const auto &key : cgroups->in_nftables.untouched)
    desired.untouched.insert(xtables::cgroup_owner(key.place.by_classid, key.id));
  desired.is_gone = [this](const std::string &owner) {
    return std::ranges::any_of(cgroups->cgroups, [&](const PlacedCgroups::Cgroup &cgroup) {
      if (!cgroup.ruleset || cgroup.ruleset->port != owner)
        return false;
      std::optional<cgroup::Hierarchy> hierarchy;
      const auto now = find_cgroup(cgroup.name, hierarchy);
      return now && (!*now || (*now)->id != cgroup.id);
    });
  };
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
  if (cgroups)
    desired.cgroups = cgroups->in_nftables;
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
    if (parse_cgroup_name(file.name) || file.name.starts_with(':')) // the latter one that does not say which
      continue;
    const auto binding = bindings.read(file, session.diagnostics);
    auto port = binding ? compiler.compile(*binding, session.diagnostics) : std::nullopt;
    if (port)
      host.ports.push_back(std::move(*port));
    else
      host.untouched.insert(file.name);
  }
  const auto cgroups = compile_cgroups(session, compiler, true);
  if (!cgroups)
    return fail(cgroups.error());
  host.bpf = all_bpf(*cgroups);
  auto placed = place_cgroups(*cgroups, compiler);
  if (placed)
    host.cgroups = std::move(*placed);
  else if (placed.error().code() != ENOENT || !cgroups->compiled.empty()) // without a cgroup2, nothing to bind to
    return fail(std::move(placed.error()));
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

/// Takes away what another layout than that of the settings has in the kernel, but for those that are broken.
Result<> remove_other_layout(Session &session, const HostChange &change, netlink::Channel &channel) {
  HostChange nothing;
  nothing.untouched = change.untouched;
  if (change.cgroups)
    nothing.cgroups.emplace().in_nftables.untouched = change.cgroups->in_nftables.untouched;
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

int commit_change(Session &session, const HostChange &change, Scope scope) {
  auto socket = netlink::Socket::open();
  return socket ? commit_change(session, change, scope, *socket) : session.fail_with(socket.error());
}

int commit_change(Session &session, const HostChange &wanted, Scope scope, netlink::Channel &channel) {
  auto change = wanted;
  const auto errors = session.diagnostics.error_count();
  const bool is_xtables = session.settings.layout == "xtables";
  if (!is_xtables) {
    if (auto chosen = use_bridge_conntrack(session, change, channel); !chosen)
      return session.fail_with(chosen.error());
    require_bridge_netfilter(session, change);
    if (auto carried = carry_counts(session, change, channel); !carried)
      return session.fail_with(carried.error());
  }
  if (scope == Scope::named_ports && session.diagnostics.error_count() != errors)
    return exit_machine;
  if (auto attached = attach_bpf(session, change.bpf); !attached)
    return session.fail_with(attached.error());
  const auto committed =
      is_xtables ? commit_xtables(session, change, scope, channel) : commit_nftables(session, change, scope, channel);
  if (!committed)
    return session.fail_with(committed.error());
  if (session.options.timing)
    std::cerr << fmt::format("commit: {} us, {} operations, {} bytes\n",
                             std::chrono::duration_cast<std::chrono::microseconds>(committed->time).count(),
                             committed->operations, committed->bytes);
  if (session.diagnostics.error_count() == errors)
    if (auto detached = detach_bpf(session, change.bpf); !detached)
      return session.fail_with(detached.error());
  // Behind the commit: for a moment both are in force, never none.
  if (scope == Scope::everything && session.diagnostics.error_count() == errors)
    if (auto removed = remove_other_layout(session, change, channel); !removed)
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
  bool any_cgroup = false;
  for (const auto &file : *files) {
    Diagnostics unread;
    const auto binding = bindings.read(file, unread);
    if (!binding)
      continue;
    Diagnostics old_errors;
    Diagnostics new_errors;
    const bool is_cgroup = binding->cgroup.has_value();
    const bool was_well = is_cgroup ? compiler_before.compile_cgroup(*binding, old_errors).has_value()
                                    : compiler_before.compile(*binding, old_errors).has_value();
    auto port = is_cgroup ? std::nullopt : compiler.compile(*binding, new_errors);
    const bool is_well = is_cgroup ? compiler.compile_cgroup(*binding, new_errors).has_value() : port.has_value();
    const auto &reached = compiler.filters_of(binding->filter.filter);
    const auto &reached_before = compiler_before.filters_of(binding->filter.filter);
    const bool uses = std::ranges::any_of(
        filters, [&](const std::string &name) { return reached.contains(name) || reached_before.contains(name); });
    if (!uses)
      continue;
    users.push_back(file.name);
    any_cgroup |= is_cgroup;
    if (port)
      host.ports.push_back(std::move(*port));
    else if (was_well && !is_well)
      session.diagnostics.append(new_errors);
  }
  if (!any_cgroup)
    return host;
  const auto cgroups = compile_cgroups(session, compiler, false);
  if (!cgroups)
    return fail(cgroups.error());
  auto placed = place_cgroups(*cgroups, compiler);
  if (!placed)
    return fail(std::move(placed.error()));
  host.cgroups = std::move(*placed);
  host.bpf = all_bpf(*cgroups);
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
