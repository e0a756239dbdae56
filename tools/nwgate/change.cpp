// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/nwgate/change.h"

#include "tools/nwgate/exit_codes.h"
#include "tools/nwgate/output.h"

#include <fmt/format.h>
#include <iostream>

namespace nwgate {

xtables::Desired HostRulesets::desired(const xtables::ChainPrefix &prefix) const {
  xtables::Desired desired;
  desired.prefix = prefix;
  desired.untouched = broken;
  for (const auto &ruleset : rulesets)
    desired.ports.push_back(ruleset.get());
  return desired;
}

Result<HostRulesets> compile_host(Session &session, Compiler &compiler) {
  const auto bindings = session.bindings();
  auto files = bindings.list();
  if (!files)
    return fail(std::move(files.error()));
  HostRulesets host;
  for (const auto &file : *files) {
    const auto binding = bindings.read(file, session.diagnostics);
    auto ruleset = binding ? compiler.lay_out(*binding, session.diagnostics) : std::nullopt;
    if (ruleset)
      host.rulesets.push_back(std::make_unique<xtables::PortRuleset>(std::move(*ruleset)));
    else
      host.broken.insert(file.port);
  }
  return host;
}

int commit_change(Session &session, const xtables::Desired &desired, xtables::Scope scope) {
  auto socket = netlink::Socket::open();
  if (!socket)
    return session.fail_with(socket.error());
  const auto errors = session.diagnostics.error_count();
  const auto applied = xtables::apply(desired, scope, *socket, session.ip_sets, session.diagnostics);
  if (!applied)
    return session.fail_with(applied.error());
  if (session.options.timing)
    std::cerr << fmt::format("commit: {} us, {} operations, {} bytes\n",
                             std::chrono::duration_cast<std::chrono::microseconds>(applied->commit_time).count(),
                             applied->operations, applied->bytes);
  return session.diagnostics.error_count() == errors ? exit_done : exit_machine;
}

Result<HostRulesets> compile_users(Session &session, Session &before, const std::set<std::string> &filters,
                                   std::vector<std::string> &users) {
  const auto bindings = session.bindings();
  auto files = bindings.list();
  if (!files)
    return fail(std::move(files.error()));
  Compiler compiler(session);
  Compiler compiler_before(before);
  HostRulesets host;
  for (const auto &file : *files) {
    Diagnostics unread;
    const auto binding = bindings.read(file, unread);
    if (!binding)
      continue;
    Diagnostics old_errors;
    const bool was_well = compiler_before.lay_out(*binding, old_errors).has_value();
    Diagnostics new_errors;
    auto ruleset = compiler.lay_out(*binding, new_errors);
    const auto &reached = compiler.filters_of(binding->filter.filter);
    const auto &reached_before = compiler_before.filters_of(binding->filter.filter);
    const bool uses = std::ranges::any_of(
        filters, [&](const std::string &name) { return reached.contains(name) || reached_before.contains(name); });
    if (!uses)
      continue;
    users.push_back(file.port);
    if (ruleset)
      host.rulesets.push_back(std::make_unique<xtables::PortRuleset>(std::move(*ruleset)));
    else if (was_well)
      session.diagnostics.append(new_errors);
  }
  return host;
}

void warn_of_bridge_netfilter(const xtables::PortRuleset &ruleset) {
  const auto warn = [&](xtables::Family family, const char *name) {
    const std::string path = std::string("/proc/sys/net/bridge/") + name;
    if (!ruleset.has(family))
      return;
    const auto value = store::read_file(path, 16);
    if (value && value->starts_with('1'))
      return;
    std::cerr << fmt::format("nwgate: warning: {} {}: rules of tcp, udp, ... see no bridged packet of '{}'\n", path,
                             value ? "is off" : "does not exist (module br_netfilter)", ruleset.port);
  };
  warn(xtables::Family::ip, "bridge-nf-call-iptables");
  warn(xtables::Family::ip6, "bridge-nf-call-ip6tables");
}

} // namespace nwgate
