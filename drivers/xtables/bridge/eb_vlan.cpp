// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/bridge/eb_vlan.h"

#include "drivers/xtables/bridge/option_text.h"
#include "drivers/xtables/bridge/xt_info.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/netfilter_bridge/ebt_vlan.h>

namespace nwgate::xtables::bridge {
namespace {

ebt_vlan_info to_info(const EbVlan &match) {
  auto info = zeroed<ebt_vlan_info>();
  if (const auto *id = mark(info, EBT_VLAN_ID, match.id))
    info.id = *id;
  if (const auto *priority = mark(info, EBT_VLAN_PRIO, match.priority))
    info.prio = *priority;
  if (const auto *type = mark(info, EBT_VLAN_ENCAP, match.encapsulated))
    info.encap = htons(*type);
  return info;
}

EbVlan from_info(const ebt_vlan_info &info) {
  EbVlan match;
  match.id = term(info, EBT_VLAN_ID, info.id);
  match.priority = term(info, EBT_VLAN_PRIO, info.prio);
  match.encapsulated = term(info, EBT_VLAN_ENCAP, ntohs(info.encap));
  return match;
}

std::string encapsulated_text(std::uint16_t type) { return fmt::format("{:04X}", type); }

} // namespace

std::optional<std::string> encode(const EbVlan &match, ExpressionWriter &writer) {
  if (match == EbVlan{})
    return "a vlan match of nothing";
  if (match.priority && match.id && match.id->value != 0)
    return "a vlan match of a priority beside an id other than 0";
  writer.match(EBT_VLAN_MATCH, 0, bytes_of(to_info(match)));
  return std::nullopt;
}

std::optional<EbVlan> decode_eb_vlan(const ExpressionReader::XtInfo &xt) {
  return decode_exactly(xt, from_info, to_info);
}

std::string save_text(const EbVlan &match) {
  std::string text;
  add_option(text, "--vlan-id", match.id);
  add_option(text, "--vlan-prio", match.priority);
  add_option(text, "--vlan-encap", match.encapsulated, encapsulated_text);
  return text;
}

} // namespace nwgate::xtables::bridge
