// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/ip/protocol.h"

#include <array>
#include <fmt/format.h>
#include <linux/netfilter/nf_tables.h>
#include <netdb.h>
#include <netinet/in.h>

namespace nwgate::xtables::ip {
namespace {

/// The tools' own names first, then the host's (protocols(5)), then the number.
std::string name_of(std::uint8_t protocol) {
  switch (protocol) {
  case IPPROTO_TCP:
    return "tcp";
  case IPPROTO_SCTP:
    return "sctp";
  case IPPROTO_UDP:
    return "udp";
  case IPPROTO_UDPLITE:
    return "udplite";
  case IPPROTO_ICMP:
    return "icmp";
  case IPPROTO_ICMPV6:
    return "ipv6-icmp";
  case IPPROTO_ESP:
    return "esp";
  case IPPROTO_AH:
    return "ah";
  case IPPROTO_MH:
    return "mobility-header";
  default:
    break;
  }
  protoent entry{};
  protoent *found = nullptr;
  std::array<char, 1024> buffer{};
  if (getprotobynumber_r(protocol, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr)
    return found->p_name;
  return std::to_string(protocol);
}

} // namespace

Refusal encode(const Protocol &match, const Context & /*context*/, ExpressionWriter &writer) {
  const auto &[protocol, negated] = match.protocol;
  if (protocol == 0)
    return "protocol 0 cannot be matched: to iptables it means every protocol";
  writer.meta(NFT_META_L4PROTO);
  writer.compare(Bytes(&protocol, 1), negated);
  return std::nullopt;
}

std::optional<Match> decode_protocol(ExpressionReader &reader) {
  const auto compare = reader.take_compare();
  if (!compare || compare->data.size() != 1 || compare->data[0] == 0)
    return std::nullopt;
  return Protocol{{compare->data[0], compare->negated}};
}

std::string save_text(const Protocol &match, Family /*family*/) {
  return fmt::format("{}-p {}", bang(match.protocol.negated), name_of(match.protocol.value));
}

} // namespace nwgate::xtables::ip
