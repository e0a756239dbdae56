// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/bridge/eb_arp.h"

#include "drivers/xtables/bridge/option_text.h"
#include "drivers/xtables/bridge/xt_info.h"

#include <arpa/inet.h>
#include <array>
#include <fmt/format.h>
#include <linux/netfilter_bridge/ebt_arp.h>
#include <string_view>

namespace nwgate::xtables::bridge {
namespace {

ebt_arp_info to_info(const EbArp &match) {
  auto info = zeroed<ebt_arp_info>();
  if (const auto *type = mark(info, EBT_ARP_HTYPE, match.hardware_type))
    info.htype = htons(*type);
  if (const auto *opcode = mark(info, EBT_ARP_OPCODE, match.opcode))
    info.opcode = htons(*opcode);
  if (const auto *type = mark(info, EBT_ARP_PTYPE, match.protocol_type))
    info.ptype = htons(*type);
  if (const auto *source = mark(info, EBT_ARP_SRC_IP, match.source_ip))
    store_masked(info.saddr, info.smsk, *source);
  if (const auto *destination = mark(info, EBT_ARP_DST_IP, match.destination_ip))
    store_masked(info.daddr, info.dmsk, *destination);
  if (const auto *source = mark(info, EBT_ARP_SRC_MAC, match.source_mac))
    store_masked(info.smaddr, info.smmsk, *source);
  if (const auto *destination = mark(info, EBT_ARP_DST_MAC, match.destination_mac))
    store_masked(info.dmaddr, info.dmmsk, *destination);
  mark(info, EBT_ARP_GRAT, match.gratuitous);
  return info;
}

EbArp from_info(const ebt_arp_info &info) {
  EbArp match;
  match.hardware_type = term(info, EBT_ARP_HTYPE, ntohs(info.htype));
  match.opcode = term(info, EBT_ARP_OPCODE, ntohs(info.opcode));
  match.protocol_type = term(info, EBT_ARP_PTYPE, ntohs(info.ptype));
  match.source_ip = term(info, EBT_ARP_SRC_IP, load_masked<MaskedIpv4>(info.saddr, info.smsk));
  match.destination_ip = term(info, EBT_ARP_DST_IP, load_masked<MaskedIpv4>(info.daddr, info.dmsk));
  match.source_mac = term(info, EBT_ARP_SRC_MAC, load_masked<MaskedMac>(info.smaddr, info.smmsk));
  match.destination_mac = term(info, EBT_ARP_DST_MAC, load_masked<MaskedMac>(info.dmaddr, info.dmmsk));
  match.gratuitous = term(info, EBT_ARP_GRAT, true);
  return match;
}

/// For the operations from 1 on.
constexpr std::array<std::string_view, 9> opcode_names{
    "Request",     "Reply",       "Request_Reverse", "Reply_Reverse", "DRARP_Request",
    "DRARP_Reply", "DRARP_Error", "InARP_Request",   "ARP_NAK",
};

std::string opcode_text(std::uint16_t opcode) {
  return opcode >= 1 && opcode <= opcode_names.size() ? std::string(opcode_names.at(opcode - 1U)) : text_of(opcode);
}

std::string protocol_type_text(std::uint16_t type) { return fmt::format("0x{:x}", type); }

} // namespace

std::optional<std::string> encode(const EbArp &match, ExpressionWriter &writer) {
  if (match == EbArp{})
    return "an arp match of nothing";
  writer.match(EBT_ARP_MATCH, 0, bytes_of(to_info(match)));
  return std::nullopt;
}

std::optional<EbArp> decode_eb_arp(const ExpressionReader::XtInfo &xt) {
  return decode_exactly(xt, from_info, to_info);
}

std::string save_text(const EbArp &match) {
  std::string text;
  add_option(text, "--arp-op", match.opcode, opcode_text);
  add_option(text, "--arp-htype", match.hardware_type);
  add_option(text, "--arp-ptype", match.protocol_type, protocol_type_text);
  add_option(text, "--arp-ip-src", match.source_ip);
  add_option(text, "--arp-ip-dst", match.destination_ip);
  add_option(text, "--arp-mac-src", match.source_mac);
  add_option(text, "--arp-mac-dst", match.destination_mac);
  if (match.gratuitous)
    text += match.gratuitous->negated ? "! --arp-gratuitous " : "--arp-gratuitous ";
  return text;
}

} // namespace nwgate::xtables::bridge
