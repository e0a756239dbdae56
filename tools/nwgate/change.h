// SPDX-License-Identifier: LGPL-2.1-or-later
/// Changes of the kernel that commands make: under the lock, with the socket, in one transaction.
#pragma once

#include "drivers/nftables/apply.h"
#include "drivers/xtables/apply.h"
#include "tools/nwgate/bpf_cgroups.h"
#include "tools/nwgate/compiler.h"
#include "tools/nwgate/placed_cgroups.h"
#include "tools/nwgate/session.h"

#include <set>
#include <string>
#include <vector>

namespace nwgate {

/// What should be there, in the layout of the settings.
struct HostChange {
  std::vector<CompiledPort> ports;
  /// What cgroups shall have: all of them, or those that are named. Nothing if the change is not about cgroups.
  std::optional<PlacedCgroups> cgroups;
  /// And what they have of the backend BPF.
  BpfChange bpf;
  /// Ports that shall have nothing.
  std::vector<std::string> leaving;
  /// Ports that keep what they have: their documents are broken at the moment.
  std::set<std::string> untouched;
  /// Replace chains that have the names of ours and do not bear our mark.
  bool adopt = false;

  [[nodiscard]] xtables::Desired for_xtables(const Session &session) const;
  [[nodiscard]] nftables::Desired for_nftables(const Session &session) const &;
  /// Takes the programs along: those of ten thousand ports are large.
  [[nodiscard]] nftables::Desired for_nftables(const Session &session) &&;
};

enum class Scope : std::uint8_t {
  /// The ports that are named, and nothing else.
  named_ports,
  /// Every port of ours: what is not desired goes.
  everything,
};

/// Compiles every binding; what is broken is reported and left as it is in the kernel.
Result<HostChange> compile_host(Session &session, Compiler &compiler);

/// In the layout nftables: ports whose IP layers the bridge family can have on this kernel get them there.
Result<> use_bridge_conntrack(const Session &session, HostChange &change, netlink::Channel &channel);

/// Commits and, with --timing, says how long the kernel took. With the scope everything, what another layout has left
/// behind goes too. The exit code.
int commit_change(Session &session, const HostChange &change, Scope scope);
/// The same with a socket that is open already.
int commit_change(Session &session, const HostChange &change, Scope scope, netlink::Channel &channel);

/// The bindings that use any of these filters, compiled with the filters as the session has them now. A binding that
/// was broken before, with `before`, does not stand in the way: it is left out. Errors of the others are reported.
Result<HostChange> compile_users(Session &session, Session &before, const std::set<std::string> &filters,
                                 std::vector<std::string> &users);

/// Says on stderr when rules of an IP layer will see nothing because br_netfilter does not hand bridged packets over:
/// in the layout xtables, as with libvirt. The layout nftables commits no such rules.
void warn_of_bridge_netfilter(const Session &session, const CompiledPort &port);

} // namespace nwgate
