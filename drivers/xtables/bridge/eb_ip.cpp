// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/bridge/eb_ip.h"

#include "drivers/xtables/bridge/host_names.h"
#include "drivers/xtables/bridge/option_text.h"
#include "drivers/xtables/bridge/xt_info.h"

#include <fmt/format.h>
#include <linux/netfilter_bridge/ebt_ip.h>

namespace nwgate::xtables::bridge {
namespace {

ebt_ip_info to_info(const EbIp &match) {
  auto info = zeroed<ebt_ip_info>();
  if (const auto *source = mark(info, EBT_IP_SOURCE, match.source))
    store_masked(info.saddr, info.smsk, *source);
  if (const auto *destination = mark(info, EBT_IP_DEST, match.destination))
    store_masked(info.daddr, info.dmsk, *destination);
  if (const auto *tos = mark(info, EBT_IP_TOS, match.tos))
    info.tos = *tos;
  if (const auto *protocol = mark(info, EBT_IP_PROTO, match.protocol))
    info.protocol = *protocol;
  if (const auto *ports = mark(info, EBT_IP_SPORT, match.source_port))
    store_range(info.sport, *ports);
  if (const auto *ports = mark(info, EBT_IP_DPORT, match.destination_port))
    store_range(info.dport, *ports);
  return info;
}

EbIp from_info(const ebt_ip_info &info) {
  EbIp match;
  match.source = term(info, EBT_IP_SOURCE, load_masked<MaskedIpv4>(info.saddr, info.smsk));
  match.destination = term(info, EBT_IP_DEST, load_masked<MaskedIpv4>(info.daddr, info.dmsk));
  match.tos = term(info, EBT_IP_TOS, info.tos);
  match.protocol = term(info, EBT_IP_PROTO, info.protocol);
  match.source_port = term(info, EBT_IP_SPORT, load_range(info.sport));
  match.destination_port = term(info, EBT_IP_DPORT, load_range(info.dport));
  return match;
}

std::string tos_text(std::uint8_t tos) { return fmt::format("0x{:02X}", tos); }

} // namespace

std::optional<std::string> encode(const EbIp &match, ExpressionWriter &writer) {
  if (match == EbIp{})
    return "an ip match of nothing";
  writer.match(EBT_IP_MATCH, 0, bytes_of(to_info(match)));
  return std::nullopt;
}

std::optional<EbIp> decode_eb_ip(const ExpressionReader::XtInfo &xt) { return decode_exactly(xt, from_info, to_info); }

std::string save_text(const EbIp &match) {
  std::string text;
  add_option(text, "--ip-src", match.source);
  add_option(text, "--ip-dst", match.destination);
  add_option(text, "--ip-tos", match.tos, tos_text);
  add_option(text, "--ip-proto", match.protocol, protocol_name);
  add_option(text, "--ip-sport", match.source_port);
  add_option(text, "--ip-dport", match.destination_port);
  return text;
}

} // namespace nwgate::xtables::bridge
