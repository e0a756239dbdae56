// SPDX-License-Identifier: LGPL-2.1-or-later
/// Family bridge of codec.h: rules as ebtables-nft 1.8.9 writes and lists them.
///
/// ebtables has fixed places for the matches of a rule, and not the same ones when it writes expressions and
/// when it prints:
///
///     expressions  -i -o -s -d -p  ip/ip6/arp/vlan/stp  counter  -j
///     listing      -p -s -d -i -o  ip/ip6/arp/vlan/stp           -j
///
/// So the matches of a Rule may come in any order here, except that the extensions keep theirs, and decoding
/// returns them in the order of the listing.
///
/// A rule has each match at most once. The kernel would take an extension several times, but ebtables-save
/// prints only the first and the last of three or more, and ebtables-restore keeps only the last of its kind.
#pragma once

#include "drivers/xtables/expressions.h"
#include "drivers/xtables/rule.h"

#include <optional>
#include <string>

struct nftnl_rule;

namespace nwgate::xtables {

/// Appends the expressions, counter included, and with `-p` sets the rule's compatibility protocol, which the
/// kernel's checks of the extensions want. Address bits outside a mask are left out. Returns why not for a
/// rule that ebtables cannot have; `out` may then have some of the expressions.
std::optional<std::string> encode_bridge(const Rule &rule, nftnl_rule &out);

/// encode_extensions() of codec.h.
std::optional<std::string> encode_bridge_extensions(const std::vector<Match> &matches, nftnl_rule &out);

/// The rule, if it has exactly the expressions that encode_bridge() makes. Nothing for the rule of a policy
/// (policy.h). Other user data does not matter.
std::optional<Rule> decode_bridge(const nftnl_rule &in);

/// extension_text() of codec.h.
std::optional<std::string> bridge_extension_text(const ExpressionReader::XtInfo &xt);

/// What ebtables-save prints behind `-A CHAIN `. Matches and targets that ebtables does not have are left
/// out.
std::string bridge_save_text(const Rule &rule);

} // namespace nwgate::xtables
