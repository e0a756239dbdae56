// SPDX-License-Identifier: LGPL-2.1-or-later
/// Rules as libnftnl prints their expressions: the kernel's view.
#pragma once

#include "drivers/xtables/ruleset.h"
#include "engine/base/diagnostics.h"

#include <string>

struct nftnl_expr;
struct nftnl_rule;

namespace nwgate::xtables {

/// `meta load iifname => reg 1 ...`: the expressions of one rule, one line.
std::string expressions_text(const nftnl_rule &rule);

/// `[ meta load iifname => reg 1 ]`: one of them.
std::string expression_text(const nftnl_expr &expression);

/// Every chain and rule of a ruleset as it would be sent to the kernel; no privileges needed, IP sets have no numbers
/// here. What cannot be written is reported.
std::string to_nft_text(const PortRuleset &ruleset, Diagnostics &diagnostics);

} // namespace nwgate::xtables
