// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/lower_bridge.h"

#include "drivers/xtables/operands.h"

#include <fmt/format.h>
#include <linux/if_ether.h>
#include <optional>

namespace nwgate::xtables {
namespace {

class BridgeLowering {
public:
  /// Why the match cannot be expressed, or nothing.
  std::optional<std::string> add(const nwgate::Match &match) {
    switch (match.field) {
    case Field::ether_src:
      head_.emplace_back(EtherAddress{Side::source, mac_term(match)});
      break;
    case Field::ether_dst:
      head_.emplace_back(EtherAddress{Side::destination, mac_term(match)});
      break;
    case Field::ether_type:
      head_.emplace_back(EtherType{number_term<std::uint16_t>(match)});
      is_ipv6_ = match.operands.front() == Operand(Literal(std::uint32_t{ETH_P_IPV6}));
      break;
    case Field::ip_dscp:
      dscp_ = number_term<std::uint8_t>(match);
      break;
    default:
      if (!add_vlan(match) && !add_stp(match) && !add_arp(match) && !add_ip(match) && !add_ipv6(match))
        return fmt::format("ebtables has no match for {}", info_of(match.field).name);
    }
    return std::nullopt;
  }

  std::variant<BridgeRules, std::string> take(const Target &target, const std::string &side_chain) {
    if (!dscp_)
      return BridgeRules{{assemble(target)}, {}};
    if (!dscp_->negated)
      return BridgeRules{rules_of_dscp(target), {}};
    if (target == Target(Verdict::return_to_caller))
      return "ebtables compares the whole TOS byte: 'return' cannot depend on a packet not having a DSCP";
    BridgeRules result{{assemble(Jump{side_chain, false})}, {}};
    // The side chain looks at nothing but the TOS byte.
    head_ = {EtherType{{ETH_P_IP, false}}};
    ip_.reset();
    result.side_chain = rules_of_dscp(Verdict::return_to_caller);
    result.side_chain.push_back({{}, target});
    if (target == Target(Continue{})) // our chains end in accept
      result.side_chain.push_back({{}, Verdict::return_to_caller});
    return result;
  }

private:
  /// One rule for each value of the ECN bits beside the DSCP.
  std::vector<Rule> rules_of_dscp(const Target &target) {
    std::vector<Rule> rules;
    for (std::uint8_t ecn = 0; ecn < 4; ++ecn) {
      made(ip_).tos = {static_cast<std::uint8_t>(dscp_->value << 2U | ecn), false};
      rules.push_back(assemble(target));
    }
    return rules;
  }

  [[nodiscard]] Rule assemble(const Target &target) const {
    Rule rule{head_, target};
    const auto append = [&](const auto &part) {
      if (part)
        rule.matches.emplace_back(*part);
    };
    append(ip_);
    append(ip6_);
    append(arp_);
    append(vlan_);
    append(stp_);
    return rule;
  }

  template <typename T> static T &made(std::optional<T> &part) { return part ? *part : part.emplace(); }

  bool add_vlan(const nwgate::Match &match) {
    if (match.field == Field::vlan_id)
      made(vlan_).id = number_term<std::uint16_t>(match);
    else if (match.field == Field::vlan_type)
      made(vlan_).encapsulated = number_term<std::uint16_t>(match);
    else
      return false;
    return true;
  }

  bool add_stp(const nwgate::Match &match) {
    switch (match.field) {
    case Field::stp_type:
      made(stp_).type = number_term<std::uint8_t>(match);
      return true;
    case Field::stp_flags:
      made(stp_).flags = number_term<std::uint8_t>(match);
      return true;
    case Field::stp_root_priority:
      made(stp_).root_priority = range_term<std::uint16_t>(match);
      return true;
    case Field::stp_root_address:
      made(stp_).root_address = mac_term(match);
      return true;
    case Field::stp_root_cost:
      made(stp_).root_cost = range_term<std::uint32_t>(match);
      return true;
    case Field::stp_sender_priority:
      made(stp_).sender_priority = range_term<std::uint16_t>(match);
      return true;
    case Field::stp_sender_address:
      made(stp_).sender_address = mac_term(match);
      return true;
    case Field::stp_port:
      made(stp_).port = range_term<std::uint16_t>(match);
      return true;
    case Field::stp_message_age:
      made(stp_).message_age = range_term<std::uint16_t>(match);
      return true;
    case Field::stp_max_age:
      made(stp_).max_age = range_term<std::uint16_t>(match);
      return true;
    case Field::stp_hello_time:
      made(stp_).hello_time = range_term<std::uint16_t>(match);
      return true;
    case Field::stp_forward_delay:
      made(stp_).forward_delay = range_term<std::uint16_t>(match);
      return true;
    default:
      return false;
    }
  }

  bool add_arp(const nwgate::Match &match) {
    switch (match.field) {
    case Field::arp_htype:
      made(arp_).hardware_type = number_term<std::uint16_t>(match);
      return true;
    case Field::arp_op:
      made(arp_).opcode = number_term<std::uint16_t>(match);
      return true;
    case Field::arp_ptype:
      made(arp_).protocol_type = number_term<std::uint16_t>(match);
      return true;
    case Field::arp_spa:
      made(arp_).source_ip = ipv4_term(match);
      return true;
    case Field::arp_tpa:
      made(arp_).destination_ip = ipv4_term(match);
      return true;
    case Field::arp_sha:
      made(arp_).source_mac = mac_term(match);
      return true;
    case Field::arp_tha:
      made(arp_).destination_mac = mac_term(match);
      return true;
    case Field::arp_gratuitous:
      made(arp_).gratuitous = {true, match.negated};
      return true;
    default:
      return false;
    }
  }

  bool add_ip(const nwgate::Match &match) {
    switch (match.field) {
    case Field::ip_saddr:
      made(ip_).source = ipv4_term(match);
      return true;
    case Field::ip_daddr:
      made(ip_).destination = ipv4_term(match);
      return true;
    case Field::ip_protocol:
      made(ip_).protocol = number_term<std::uint8_t>(match);
      return true;
    case Field::th_sport:
      if (is_ipv6_)
        made(ip6_).source_port = range_term<std::uint16_t>(match);
      else
        made(ip_).source_port = range_term<std::uint16_t>(match);
      return true;
    case Field::th_dport:
      if (is_ipv6_)
        made(ip6_).destination_port = range_term<std::uint16_t>(match);
      else
        made(ip_).destination_port = range_term<std::uint16_t>(match);
      return true;
    default:
      return false;
    }
  }

  bool add_ipv6(const nwgate::Match &match) {
    switch (match.field) {
    case Field::ip6_saddr:
      made(ip6_).source = ipv6_term(match);
      return true;
    case Field::ip6_daddr:
      made(ip6_).destination = ipv6_term(match);
      return true;
    case Field::ip6_protocol:
      made(ip6_).protocol = number_term<std::uint8_t>(match);
      return true;
    case Field::icmp6_type: // an ethernet rule always has the form range_pair
      made(ip6_).icmp_type = {{{number<std::uint8_t>(match, 0), number<std::uint8_t>(match, 1)},
                               {number<std::uint8_t>(match, 2), number<std::uint8_t>(match, 3)}},
                              match.negated};
      return true;
    default:
      return false;
    }
  }

  std::vector<Match> head_;
  bool is_ipv6_ = false;
  std::optional<Term<std::uint8_t>> dscp_;
  std::optional<EbIp> ip_;
  std::optional<EbIp6> ip6_;
  std::optional<EbArp> arp_;
  std::optional<EbVlan> vlan_;
  std::optional<EbStp> stp_;
};

Target target_of(const ProgramRule &rule, const std::string &jump_target) {
  switch (rule.verdict) {
  case VerdictKind::accept:
    return Verdict::accept;
  case VerdictKind::drop:
  case VerdictKind::reject:
    return Verdict::drop;
  case VerdictKind::return_to_caller:
    return Verdict::return_to_caller;
  case VerdictKind::jump:
    return Jump{jump_target, false};
  case VerdictKind::continue_with_next:
    break;
  }
  return Continue{};
}

} // namespace

std::variant<BridgeRules, std::string> lower_bridge(const ProgramRule &rule, const std::string &jump_target,
                                                    const std::string &side_chain) {
  BridgeLowering lowering;
  for (const auto &match : rule.matches)
    if (auto why = lowering.add(match))
      return std::move(*why);
  return lowering.take(target_of(rule, jump_target), side_chain);
}

} // namespace nwgate::xtables
