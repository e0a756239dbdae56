// SPDX-License-Identifier: LGPL-2.1-or-later
/// The codec of drivers/xtables/codec.h for the families ip and ip6.
#pragma once

#include "drivers/xtables/codec.h"
#include "drivers/xtables/expressions.h"

namespace nwgate::xtables::ip {

/// encode() of codec.h. Besides matches of ebtables, refuses what iptables 1.8.9 cannot keep: two -s (-d, -i,
/// -o, -p, -m tcp, -m udp) in one rule, and conditions that it would drop or change.
std::optional<std::string> encode_ip(const Rule &rule, Family family, const SetIndex &sets, nftnl_rule &out);

/// encode_extensions() of codec.h.
std::optional<std::string> encode_ip_extensions(const std::vector<Match> &matches, Family family, const SetIndex &sets,
                                                nftnl_rule &out);

/// decode() of codec.h. The matches come in the order in which iptables-save lists them.
std::optional<Rule> decode_ip(const nftnl_rule &in, Family family, const SetIndex &sets);

/// extension_text() of codec.h.
std::optional<std::string> ip_extension_text(const ExpressionReader::XtInfo &xt, Family family, const SetIndex &sets);

/// to_save_text() of codec.h.
std::string ip_save_text(const Rule &rule, Family family);

} // namespace nwgate::xtables::ip
