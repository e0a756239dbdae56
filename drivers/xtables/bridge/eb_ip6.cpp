// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/bridge/eb_ip6.h"

#include "drivers/xtables/bridge/host_names.h"
#include "drivers/xtables/bridge/icmp6_names.h"
#include "drivers/xtables/bridge/option_text.h"
#include "drivers/xtables/bridge/xt_info.h"

#include <fmt/format.h>
#include <linux/netfilter_bridge/ebt_ip6.h>

namespace nwgate::xtables::bridge {
namespace {

ebt_ip6_info to_info(const EbIp6 &match) {
  auto info = zeroed<ebt_ip6_info>();
  if (const auto *source = mark(info, EBT_IP6_SOURCE, match.source))
    store_masked(info.saddr, info.smsk, *source);
  if (const auto *destination = mark(info, EBT_IP6_DEST, match.destination))
    store_masked(info.daddr, info.dmsk, *destination);
  if (const auto *traffic_class = mark(info, EBT_IP6_TCLASS, match.traffic_class))
    info.tclass = *traffic_class;
  if (const auto *protocol = mark(info, EBT_IP6_PROTO, match.protocol))
    info.protocol = *protocol;
  if (const auto *ports = mark(info, EBT_IP6_SPORT, match.source_port))
    store_range(info.sport, *ports);
  if (const auto *ports = mark(info, EBT_IP6_DPORT, match.destination_port))
    store_range(info.dport, *ports);
  if (const auto *icmp = mark(info, EBT_IP6_ICMP6, match.icmp_type)) {
    store_range(info.icmpv6_type, icmp->type);
    store_range(info.icmpv6_code, icmp->code);
  }
  return info;
}

EbIp6 from_info(const ebt_ip6_info &info) {
  EbIp6 match;
  match.source = term(info, EBT_IP6_SOURCE, load_masked<MaskedIpv6>(info.saddr, info.smsk));
  match.destination = term(info, EBT_IP6_DEST, load_masked<MaskedIpv6>(info.daddr, info.dmsk));
  match.traffic_class = term(info, EBT_IP6_TCLASS, info.tclass);
  match.protocol = term(info, EBT_IP6_PROTO, info.protocol);
  match.source_port = term(info, EBT_IP6_SPORT, load_range(info.sport));
  match.destination_port = term(info, EBT_IP6_DPORT, load_range(info.dport));
  match.icmp_type = term(info, EBT_IP6_ICMP6, Icmp6Range{load_range(info.icmpv6_type), load_range(info.icmpv6_code)});
  return match;
}

/// ICMPv6 types lie where the ports do (unions in struct ebt_ip6_info).
bool overlaps(const EbIp6 &match) {
  return match.icmp_type.has_value() && (match.source_port.has_value() || match.destination_port.has_value());
}

std::string traffic_class_text(std::uint8_t value) { return fmt::format("0x{:02X}", value); }

} // namespace

std::optional<std::string> encode(const EbIp6 &match, ExpressionWriter &writer) {
  if (match == EbIp6{})
    return "an ip6 match of nothing";
  if (overlaps(match))
    return "an ip6 match of ports and ICMPv6 types";
  writer.match(EBT_IP6_MATCH, 0, bytes_of(to_info(match)));
  return std::nullopt;
}

std::optional<EbIp6> decode_eb_ip6(const ExpressionReader::XtInfo &xt) {
  const auto match = decode_exactly(xt, from_info, to_info);
  return match && !overlaps(*match) ? match : std::nullopt;
}

std::string save_text(const EbIp6 &match) {
  std::string text;
  add_option(text, "--ip6-src", match.source);
  add_option(text, "--ip6-dst", match.destination);
  add_option(text, "--ip6-tclass", match.traffic_class, traffic_class_text);
  add_option(text, "--ip6-proto", match.protocol, protocol_name);
  add_option(text, "--ip6-sport", match.source_port);
  add_option(text, "--ip6-dport", match.destination_port);
  add_option(text, "--ip6-icmp-type", match.icmp_type, icmp6_text);
  return text;
}

} // namespace nwgate::xtables::bridge
