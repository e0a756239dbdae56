// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/codec.h"

#include "drivers/xtables/bridge/bridge_codec.h"
#include "drivers/xtables/ip/ip_codec.h"

namespace nwgate::xtables {

std::optional<std::string> encode(const Rule &rule, Family family, const SetIndex &sets, nftnl_rule &out) {
  return family == Family::bridge ? encode_bridge(rule, out) : ip::encode_ip(rule, family, sets, out);
}

std::optional<std::string> encode_extensions(const std::vector<Match> &matches, Family family, const SetIndex &sets,
                                             nftnl_rule &out) {
  return family == Family::bridge ? encode_bridge_extensions(matches, out)
                                  : ip::encode_ip_extensions(matches, family, sets, out);
}

std::optional<Rule> decode(const nftnl_rule &in, Family family, const SetIndex &sets) {
  return family == Family::bridge ? decode_bridge(in) : ip::decode_ip(in, family, sets);
}

std::optional<std::string> extension_text(const std::string &name, std::uint32_t revision,
                                          std::span<const std::uint8_t> info, Family family, const SetIndex &sets) {
  const ExpressionReader::XtInfo xt{name, revision, {info.begin(), info.end()}};
  return family == Family::bridge ? bridge_extension_text(xt) : ip::ip_extension_text(xt, family, sets);
}

std::string to_save_text(const Rule &rule, Family family) {
  return family == Family::bridge ? bridge_save_text(rule) : ip::ip_save_text(rule, family);
}

} // namespace nwgate::xtables
