// SPDX-License-Identifier: LGPL-2.1-or-later
/// Rulesets as the text that ebtables-restore, iptables-restore and ip6tables-restore read.
#pragma once

#include "drivers/xtables/chain_names.h"
#include "drivers/xtables/ruleset.h"

#include <string>

namespace nwgate::xtables {

/// One section for each family that the port needs, behind a comment line `# ebtables`, `# iptables` or `# ip6tables`.
/// Each section is a whole table: base chains, shared chains, the port's chains and links.
std::string to_restore_text(const PortRuleset &ruleset, const ChainPrefix &prefix);

} // namespace nwgate::xtables
