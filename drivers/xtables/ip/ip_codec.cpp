// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/ip/ip_codec.h"

#include "drivers/xtables/ip/address.h"
#include "drivers/xtables/ip/cgroup.h"
#include "drivers/xtables/ip/comment.h"
#include "drivers/xtables/ip/connlimit.h"
#include "drivers/xtables/ip/conntrack.h"
#include "drivers/xtables/ip/dscp.h"
#include "drivers/xtables/ip/icmp.h"
#include "drivers/xtables/ip/interface.h"
#include "drivers/xtables/ip/iprange.h"
#include "drivers/xtables/ip/mac.h"
#include "drivers/xtables/ip/physdev.h"
#include "drivers/xtables/ip/protocol.h"
#include "drivers/xtables/ip/sctp.h"
#include "drivers/xtables/ip/set.h"
#include "drivers/xtables/ip/target.h"
#include "drivers/xtables/ip/tcp.h"
#include "drivers/xtables/ip/udp.h"

#include <array>
#include <fmt/format.h>
#include <libnftnl/rule.h>
#include <linux/netfilter/nf_tables.h>
#include <netinet/in.h>

namespace nwgate::xtables::ip {
namespace {

/// The places that a rule has once each, in the order in which the tools list them, and the rest.
enum class Slot : std::uint8_t { source, destination, in, out, protocol, extension };

/// The order in which the tools write the slots to the kernel.
constexpr std::array written_order{Slot::in,     Slot::out,         Slot::protocol,
                                   Slot::source, Slot::destination, Slot::extension};

Slot slot_of(const Match &match) {
  if (const auto *interface = std::get_if<Interface>(&match))
    return interface->side == Side::source ? Slot::in : Slot::out;
  if (const auto *ipv4 = std::get_if<Ipv4Match>(&match))
    return ipv4->side == Side::source ? Slot::source : Slot::destination;
  if (const auto *ipv6 = std::get_if<Ipv6Match>(&match))
    return ipv6->side == Side::source ? Slot::source : Slot::destination;
  return std::holds_alternative<Protocol>(match) ? Slot::protocol : Slot::extension;
}

auto written_place(const Match &match) { return std::ranges::find(written_order, slot_of(match)); }

std::vector<Match> in_listed_order(std::vector<Match> matches) {
  std::ranges::stable_sort(matches, {}, slot_of);
  return matches;
}

std::vector<Match> in_written_order(std::vector<Match> matches) {
  std::ranges::stable_sort(matches, {}, written_place);
  return matches;
}

/// True if two matches of the rule share a place that the tools have once.
bool repeats_a_place(const std::vector<Match> &matches) {
  const auto occurs_twice = [&](auto condition) { return std::ranges::count_if(matches, condition) > 1; };
  for (const auto slot : written_order)
    if (slot != Slot::extension && occurs_twice([=](const Match &match) { return slot_of(match) == slot; }))
      return true;
  return occurs_twice([](const Match &match) { return std::holds_alternative<Tcp>(match); }) ||
         occurs_twice([](const Match &match) { return std::holds_alternative<Udp>(match); });
}

std::optional<std::uint8_t> plain_protocol(const std::vector<Match> &matches) {
  for (const auto &match : matches)
    if (const auto *protocol = std::get_if<Protocol>(&match); protocol != nullptr && !protocol->protocol.negated)
      return protocol->protocol.value;
  return std::nullopt;
}

/// The matches of ebtables have no functions here.
template <typename M>
concept OfIptables = requires(const M &match, const Context &context, ExpressionWriter &writer) {
  encode(match, context, writer);
  save_text(match, context.family);
};

Refusal encode_match(const Match &match, const Context &context, ExpressionWriter &writer) {
  return std::visit(
      [&]<typename M>(const M &of_kind) -> Refusal {
        if constexpr (OfIptables<M>)
          return encode(of_kind, context, writer);
        else
          return "a match of ebtables in a rule of iptables";
      },
      match);
}

std::string match_text(const Match &match, Family family) {
  return std::visit(
      [&]<typename M>(const M &of_kind) -> std::string {
        if constexpr (OfIptables<M>)
          return save_text(of_kind, family);
        else
          return {};
      },
      match);
}

/// The protocol for the extensions' own checks in the kernel, which want to see it beside the expressions.
void set_compatibility(nftnl_rule &rule, const std::vector<Match> &matches) {
  const auto at = std::ranges::find(matches, Slot::protocol, slot_of);
  const auto protocol = at == matches.end() ? Protocol{} : std::get<Protocol>(*at);
  nftnl_rule_set_u32(&rule, NFTNL_RULE_COMPAT_PROTO, protocol.protocol.value);
  nftnl_rule_set_u32(&rule, NFTNL_RULE_COMPAT_FLAGS, protocol.protocol.negated ? NFT_RULE_COMPAT_F_INV : 0);
}

struct XtDecoder {
  std::string_view name;
  std::uint32_t revision;
  std::optional<Match> (*decode)(const XtInfo &, const Context &);
};
constexpr std::array xt_decoders{
    XtDecoder{"cgroup", 2, decode_cgroup},
    XtDecoder{"comment", 0, decode_comment},
    XtDecoder{"connlimit", 1, decode_connlimit},
    XtDecoder{"conntrack", 3, decode_conntrack},
    XtDecoder{"dscp", 0, decode_dscp},
    XtDecoder{"icmp", 0, decode_icmp},
    XtDecoder{"icmp6", 0, decode_icmp},
    XtDecoder{"iprange", 1, decode_iprange},
    XtDecoder{"mac", 0, decode_mac},
    XtDecoder{"physdev", 0, decode_physdev},
    XtDecoder{"sctp", 0, decode_sctp},
    XtDecoder{"set", 4, decode_set},
    XtDecoder{"tcp", 0, decode_tcp},
    XtDecoder{"udp", 0, decode_udp},
};

std::optional<Match> decode_meta(std::uint32_t key, ExpressionReader &reader) {
  switch (key) {
  case NFT_META_IIFNAME:
  case NFT_META_OIFNAME:
    return decode_interface(key, reader);
  case NFT_META_L4PROTO:
    return decode_protocol(reader);
  default:
    return std::nullopt;
  }
}

std::optional<Match> decode_transport(ExpressionReader &reader, const Context &context) {
  if (context.protocol == IPPROTO_TCP)
    return decode_native_tcp(reader);
  if (context.protocol == IPPROTO_UDP)
    return decode_native_udp(reader);
  return std::nullopt;
}

std::optional<Match> decode_extension(const XtInfo &xt, const Context &context) {
  for (const auto &decoder : xt_decoders)
    if (decoder.name == xt.name && decoder.revision == xt.revision)
      return decoder.decode(xt, context);
  return std::nullopt;
}

std::optional<Match> decode_match(ExpressionReader &reader, const Context &context) {
  if (const auto key = reader.take_meta())
    return decode_meta(*key, reader);
  if (const auto payload = reader.peek_payload())
    return payload->base == NFT_PAYLOAD_TRANSPORT_HEADER ? decode_transport(reader, context)
                                                         : decode_address(reader, context.family);
  if (const auto xt = reader.take_match())
    return decode_extension(*xt, context);
  return std::nullopt;
}

} // namespace

std::optional<std::string> encode_ip(const Rule &rule, Family family, const SetIndex &sets, nftnl_rule &out) {
  if (repeats_a_place(rule.matches))
    return "two conditions on what iptables can name only once in a rule";
  ExpressionWriter writer(out);
  const Context context{family, sets, plain_protocol(rule.matches)};
  for (const auto &match : in_written_order(rule.matches))
    if (auto refusal = encode_match(match, context, writer))
      return refusal;
  set_compatibility(out, rule.matches);
  writer.counter();
  return encode_target(rule.target, family, writer);
}

std::optional<std::string> encode_ip_extensions(const std::vector<Match> &matches, Family family, const SetIndex &sets,
                                                nftnl_rule &out) {
  ExpressionWriter writer(out);
  const Context context{family, sets, plain_protocol(matches)};
  for (const auto &match : matches)
    if (slot_of(match) == Slot::extension)
      if (auto refusal = encode_match(match, context, writer))
        return refusal;
  return std::nullopt;
}

std::optional<Rule> decode_ip(const nftnl_rule &in, Family family, const SetIndex &sets) {
  ExpressionReader reader(in);
  Context context{family, sets, std::nullopt};
  std::vector<Match> matches;
  while (!reader.take_counter()) {
    const auto match = decode_match(reader, context);
    if (!match)
      return std::nullopt;
    matches.push_back(*match);
    context.protocol = plain_protocol(matches);
  }
  if (repeats_a_place(matches) || !std::ranges::is_sorted(matches, {}, written_place))
    return std::nullopt;
  const auto target = decode_target(reader, family);
  if (!target)
    return std::nullopt;
  return Rule{in_listed_order(std::move(matches)), *target};
}

std::optional<std::string> ip_extension_text(const XtInfo &xt, Family family, const SetIndex &sets) {
  Context context{family, sets, std::nullopt};
  if (xt.name == "tcp")
    context.protocol = IPPROTO_TCP;
  else if (xt.name == "udp")
    context.protocol = IPPROTO_UDP;
  const auto match = decode_extension(xt, context);
  return match ? std::optional(match_text(*match, family)) : std::nullopt;
}

std::string ip_save_text(const Rule &rule, Family family) {
  std::vector<std::string> words;
  for (const auto &match : in_listed_order(rule.matches))
    words.push_back(match_text(match, family));
  words.push_back(save_text(rule.target, family));
  std::erase(words, "");
  return fmt::format("{}", fmt::join(words, " "));
}

} // namespace nwgate::xtables::ip
