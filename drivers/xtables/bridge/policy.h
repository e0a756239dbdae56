// SPDX-License-Identifier: LGPL-2.1-or-later
/// The policy of a user chain of ebtables. nf_tables has none, so ebtables-nft keeps it as a last rule of its
/// own
/// (`counter` and a verdict, marked by user data), which it does not list and moves behind every rule it
/// appends. The policy RETURN is the absence of that rule.
#pragma once

#include "drivers/xtables/rule.h"

#include <optional>
#include <string>

struct nftnl_rule;

namespace nwgate::xtables {

/// Appends the expressions and sets the user data. Returns why not for RETURN.
std::optional<std::string> encode_policy(Verdict policy, nftnl_rule &out);

/// The policy, ACCEPT or DROP, if this is such a rule. Other records in the user data are passed over.
std::optional<Verdict> is_policy(const nftnl_rule &rule);

} // namespace nwgate::xtables
