// SPDX-License-Identifier: LGPL-2.1-or-later
/// Changes of the kernel that commands make: under the lock, with the socket, in one transaction.
#pragma once

#include "drivers/xtables/apply.h"
#include "tools/nwgate/compiler.h"
#include "tools/nwgate/session.h"

#include <memory>

namespace nwgate {

/// Everything that `apply` and `diff` work with: each binding's ruleset, and the ports whose binding is broken.
struct HostRulesets {
  std::vector<std::unique_ptr<xtables::PortRuleset>> rulesets;
  std::set<std::string> broken;

  [[nodiscard]] xtables::Desired desired(const xtables::ChainPrefix &prefix) const;
};

/// Compiles every binding; what is broken is reported and left as it is in the kernel.
Result<HostRulesets> compile_host(Session &session, Compiler &compiler);

/// Commits and, with --timing, says how long the kernel took. The exit code.
int commit_change(Session &session, const xtables::Desired &desired, xtables::Scope scope);

/// The bindings that use any of these filters, compiled with the filters as the session has them now. A binding that
/// was broken before, with `before`, does not stand in the way: it is left out. Errors of the others are reported.
Result<HostRulesets> compile_users(Session &session, Session &before, const std::set<std::string> &filters,
                                   std::vector<std::string> &users);

/// Says on stderr when rules of an IP layer will see nothing because br_netfilter does not hand bridged packets over.
void warn_of_bridge_netfilter(const xtables::PortRuleset &ruleset);

} // namespace nwgate
