// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/bridge/bridge_codec.h"

#include "drivers/xtables/bridge/eb_arp.h"
#include "drivers/xtables/bridge/eb_ip.h"
#include "drivers/xtables/bridge/eb_ip6.h"
#include "drivers/xtables/bridge/eb_stp.h"
#include "drivers/xtables/bridge/eb_vlan.h"
#include "drivers/xtables/bridge/ether_address.h"
#include "drivers/xtables/bridge/ether_type.h"
#include "drivers/xtables/bridge/interface.h"
#include "drivers/xtables/bridge/policy.h"
#include "drivers/xtables/bridge/target.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <libnftnl/rule.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_bridge/ebt_arp.h>
#include <linux/netfilter_bridge/ebt_ip.h>
#include <linux/netfilter_bridge/ebt_ip6.h>
#include <linux/netfilter_bridge/ebt_stp.h>
#include <linux/netfilter_bridge/ebt_vlan.h>

namespace nwgate::xtables {
namespace {

/// The places of a rule's matches, in the order of the expressions.
enum class Place : std::uint8_t { in, out, source, destination, type, extension };

/// The same in the order of the listing.
constexpr std::array listing_order{Place::type, Place::source, Place::destination,
                                   Place::in,   Place::out,    Place::extension};

Place place_of(const Match &match) {
  if (const auto *interface = std::get_if<Interface>(&match))
    return interface->side == Side::source ? Place::in : Place::out;
  if (const auto *address = std::get_if<EtherAddress>(&match))
    return address->side == Side::source ? Place::source : Place::destination;
  return std::holds_alternative<EtherType>(match) ? Place::type : Place::extension;
}

auto listing_rank(const Match &match) { return std::ranges::find(listing_order, place_of(match)); }

bool same_place(const Match &left, const Match &right) {
  return left.index() == right.index() && place_of(left) == place_of(right);
}

bool has_repetition(const std::vector<Match> &matches) {
  for (auto match = matches.begin(); match != matches.end(); ++match)
    if (std::any_of(matches.begin(), match, [&](const Match &before) { return same_place(before, *match); }))
      return true;
  return false;
}

template <typename Rank> std::vector<Match> sorted(std::vector<Match> matches, Rank rank) {
  std::ranges::stable_sort(matches, {}, rank);
  return matches;
}

std::optional<std::string> encode_match(const Match &match, ExpressionWriter &writer) {
  return std::visit(
      [&]<typename M>(const M &kind) -> std::optional<std::string> {
        if constexpr (requires { bridge::encode(kind, writer); })
          return bridge::encode(kind, writer);
        else
          return "a match that ebtables does not have";
      },
      match);
}

std::optional<Match> decode_extension(const ExpressionReader::XtInfo &xt) {
  if (xt.name == EBT_IP_MATCH)
    return bridge::decode_eb_ip(xt);
  if (xt.name == EBT_IP6_MATCH)
    return bridge::decode_eb_ip6(xt);
  if (xt.name == EBT_ARP_MATCH)
    return bridge::decode_eb_arp(xt);
  if (xt.name == EBT_VLAN_MATCH)
    return bridge::decode_eb_vlan(xt);
  if (xt.name == EBT_STP_MATCH)
    return bridge::decode_eb_stp(xt);
  return std::nullopt;
}

std::optional<Match> decode_match(ExpressionReader &reader) {
  if (const auto key = reader.take_meta())
    return bridge::decode_interface(*key, reader);
  if (const auto load = reader.take_payload()) {
    if (bridge::loads_ether_type(*load))
      return bridge::decode_ether_type(reader);
    return bridge::decode_ether_address(*load, reader);
  }
  if (const auto xt = reader.take_match())
    return decode_extension(*xt);
  return std::nullopt;
}

std::string match_text(const Match &match) {
  return std::visit(
      []<typename M>(const M &kind) -> std::string {
        if constexpr (requires { bridge::save_text(kind); })
          return bridge::save_text(kind);
        else
          return {};
      },
      match);
}

void set_compatibility(const EtherType &match, nftnl_rule &out) {
  nftnl_rule_set_u32(&out, NFTNL_RULE_COMPAT_PROTO, htons(match.type.value));
  nftnl_rule_set_u32(&out, NFTNL_RULE_COMPAT_FLAGS, match.type.negated ? NFT_RULE_COMPAT_F_INV : 0);
}

} // namespace

std::optional<std::string> encode_bridge(const Rule &rule, nftnl_rule &out) {
  if (has_repetition(rule.matches))
    return "ebtables takes a match only once";
  ExpressionWriter writer(out);
  for (const auto &match : sorted(rule.matches, place_of)) {
    if (auto refusal = encode_match(match, writer))
      return refusal;
    if (const auto *type = std::get_if<EtherType>(&match))
      set_compatibility(*type, out);
  }
  writer.counter();
  return bridge::encode(rule.target, writer);
}

std::optional<std::string> encode_bridge_extensions(const std::vector<Match> &matches, nftnl_rule &out) {
  ExpressionWriter writer(out);
  for (const auto &match : matches)
    if (place_of(match) == Place::extension)
      if (auto refusal = encode_match(match, writer))
        return refusal;
  return std::nullopt;
}

std::optional<Rule> decode_bridge(const nftnl_rule &in) {
  if (is_policy(in))
    return std::nullopt;
  ExpressionReader reader(in);
  Rule rule;
  while (!reader.take_counter()) {
    auto match = decode_match(reader);
    if (!match)
      return std::nullopt;
    rule.matches.push_back(std::move(*match));
  }
  auto target = bridge::decode_target(reader);
  if (!target || has_repetition(rule.matches) || !std::ranges::is_sorted(rule.matches, {}, place_of))
    return std::nullopt;
  rule.matches = sorted(std::move(rule.matches), listing_rank);
  rule.target = std::move(*target);
  return rule;
}

std::optional<std::string> bridge_extension_text(const ExpressionReader::XtInfo &xt) {
  const auto match = decode_extension(xt);
  if (!match)
    return std::nullopt;
  auto text = match_text(*match);
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

std::string bridge_save_text(const Rule &rule) {
  std::string text;
  for (const auto &match : sorted(rule.matches, listing_rank))
    text += match_text(match);
  return text + bridge::save_text(rule.target);
}

} // namespace nwgate::xtables
