// SPDX-License-Identifier: LGPL-2.1-or-later
/// Binds: what commands share that attach filters.
#pragma once

#include "engine/model/binding.h"
#include "tools/nwgate/session.h"

#include <string>
#include <vector>

namespace nwgate {

/// Adds a parameter that is written `NAME=VALUE`; of a cgroup, also systemd's `IPAddressAllow=` and `IPAddressDeny=`
/// with their lists, of which an empty one takes back those before it. False if it is not written so.
bool add_parameter(const std::string &text, Binding &binding);

/// Binds all of them in one transaction and keeps their documents; `path` is the file that they are from, empty without
/// one. The lock is the caller's. The exit code.
int bind_all(Session &session, const std::vector<Binding> &bindings, const std::string &path);

/// Detaches a cgroup that the command bound. The lock is the caller's. The exit code.
int unbind_cgroup(Session &session, const std::string &name);

/// Says on stderr which cgroups have filters in the layout xtables that deny what comes in, of which iptables' match
/// does not see everything.
void warn_of_unseen_input(const Session &session);

} // namespace nwgate
