// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/xml/rule_checks.h"

#include "engine/model/diagnostic_ids.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace nwgate::xml {
namespace {

using A = Attribute;

/// `second` has no meaning without `first`.
struct Pair {
  A first;
  A second;
  /// The pair is a range, whose end must not lie below its start.
  bool range;
};
constexpr std::array pairs = {Pair{A::srcmacaddr, A::srcmacmask, false},
                              Pair{A::dstmacaddr, A::dstmacmask, false},
                              Pair{A::srcipaddr, A::srcipmask, false},
                              Pair{A::dstipaddr, A::dstipmask, false},
                              Pair{A::arpsrcipaddr, A::arpsrcipmask, false},
                              Pair{A::arpdstipaddr, A::arpdstipmask, false},
                              Pair{A::root_address, A::root_address_mask, false},
                              Pair{A::sender_address, A::sender_address_mask, false},
                              Pair{A::srcipfrom, A::srcipto, true},
                              Pair{A::dstipfrom, A::dstipto, true},
                              Pair{A::srcportstart, A::srcportend, true},
                              Pair{A::dstportstart, A::dstportend, true},
                              Pair{A::root_priority, A::root_priority_hi, true},
                              Pair{A::root_cost, A::root_cost_hi, true},
                              Pair{A::sender_priority, A::sender_priority_hi, true},
                              Pair{A::stp_port, A::stp_port_hi, true},
                              Pair{A::age, A::age_hi, true},
                              Pair{A::max_age, A::max_age_hi, true},
                              Pair{A::hello_time, A::hello_time_hi, true},
                              Pair{A::forward_delay, A::forward_delay_hi, true},
                              Pair{A::icmp_type, A::icmp_typeend, true},
                              Pair{A::icmp_code, A::icmp_codeend, true},
                              Pair{A::ipset, A::ipsetflags, false}};

class RuleChecks {
public:
  RuleChecks(const Rule &rule, Diagnostics &diagnostics)
      : rule_(rule), spec_(spec_of(rule.protocol)), diagnostics_(diagnostics) {}

  void run() {
    check_pairs();
    if (rule_.protocol == Protocol::ip || rule_.protocol == Protocol::ipv6)
      check_ports_have_protocol();
    if (rule_.protocol == Protocol::stp && rule_.direction == RuleDirection::inout)
      check_stp_direction();
    warn_of_ignored();
    if (spec_.layer == Layer::ethernet)
      warn_of_ethernet_differences();
    else
      warn_of_ip_differences();
  }

private:
  [[nodiscard]] std::string_view name_of(A attribute) const {
    return std::ranges::find(spec_.attributes, attribute, &AttributeSpec::attribute)->name;
  }

  void check_pairs() {
    for (const auto &pair : pairs) {
      const auto *first = rule_.find(pair.first);
      const auto *second = rule_.find(pair.second);
      // In `ipv6` an end alone is filled up from 0 (libvirt's rule for ICMPv6 types and codes).
      const bool end_may_stand_alone = pair.first == A::icmp_type || pair.first == A::icmp_code;
      if (second != nullptr && first == nullptr && !end_may_stand_alone)
        warn_ignored(*second, fmt::format("has no effect without '{}'", name_of(pair.first)));
      if (first != nullptr && second != nullptr && pair.range)
        check_range(*first, *second);
    }
  }

  void check_range(const AttributeValue &first, const AttributeValue &last) {
    const auto *low = std::get_if<Literal>(&first.value);
    const auto *high = std::get_if<Literal>(&last.value);
    if (low != nullptr && high != nullptr && *high < *low)
      diagnostics_.error(
          id::empty_range, last.where,
          fmt::format("'{}' lies below '{}': the range is empty", name_of(last.attribute), name_of(first.attribute)));
  }

  void check_ports_have_protocol() {
    const AttributeValue *port = nullptr;
    for (const auto attribute : {A::srcportstart, A::srcportend, A::dstportstart, A::dstportend})
      if (port == nullptr)
        port = rule_.find(attribute);
    if (port == nullptr)
      return;
    const auto *protocol = rule_.find(A::protocol);
    const auto *literal = protocol == nullptr ? nullptr : std::get_if<Literal>(&protocol->value);
    // tcp, udp, dccp, sctp: the protocols that ebtables' ip and ip6 matches take ports of, as libvirt allows them.
    constexpr std::array<std::uint32_t, 4> with_ports = {6, 17, 33, 132};
    if (literal == nullptr || protocol->negated ||
        std::ranges::find(with_ports, std::get<std::uint32_t>(*literal)) == with_ports.end())
      diagnostics_.error(
          id::ports_need_protocol, port->where,
          fmt::format("'{}' needs protocol='tcp', 'udp', 'sctp' or '33' in the same rule", name_of(port->attribute)));
  }

  void check_stp_direction() {
    if (const auto *source = rule_.find(A::srcmacaddr))
      diagnostics_.error(id::stp_inout_with_source, source->where,
                         "'srcmacaddr' needs direction 'in' or 'out' here: reversed it would be a second destination "
                         "beside the bridge group address");
  }

  void warn_ignored(const AttributeValue &value, std::string why) {
    diagnostics_.warning(id::attribute_without_partner, value.where,
                         fmt::format("'{}' {}", name_of(value.attribute), why));
  }

  void warn_of_ignored() {
    for (const auto &[address, from, to] :
         {std::tuple{A::srcipaddr, A::srcipfrom, A::srcipto}, std::tuple{A::dstipaddr, A::dstipfrom, A::dstipto}})
      if (const auto *range = rule_.find(from); range != nullptr && rule_.find(address) != nullptr)
        warn_ignored(*range, fmt::format("has no effect beside '{}'", name_of(address)));
    const auto *type = rule_.find(A::icmp_type);
    const auto *code = rule_.find(A::icmp_code);
    if (code != nullptr && spec_.layer != Layer::ethernet && type == nullptr)
      warn_ignored(*code, "has no effect without 'type'");
    if (code != nullptr && type != nullptr && code->negated != type->negated)
      diagnostics_.warning(id::code_negation_ignored, code->where,
                           "type and code are one match: the negation of 'type' holds for both");
    if (const auto *state = rule_.find(A::state)) {
      if (!rule_.statematch)
        warn_ignored(*state, "has no effect beside statematch='false'");
      if (state->negated)
        warn_ignored(*state, "cannot be negated: match='no' has no effect on it");
    }
  }

  void warn_of_ethernet_differences() {
    if (rule_.action == Action::reject)
      diagnostics_.warning(id::reject_in_ethernet_layer, rule_.where,
                           "'reject' drops in the ethernet layer: there is nothing to answer with");
    if (const auto *encapsulated = rule_.find(A::encap_protocol))
      diagnostics_.warning(id::vlan_encap_protocol, encapsulated->where,
                           "libvirt matches another protocol than the one written here");
    if (const auto *dscp = rule_.find(A::dscp))
      diagnostics_.warning(id::ip_dscp, dscp->where, "libvirt compares the whole TOS byte with this number");
    if (const auto *destination = rule_.find(A::arpdstipaddr);
        destination != nullptr && rule_.find(A::arpsrcipaddr) != nullptr && rule_.find(A::arpsrcipmask) != nullptr &&
        rule_.find(A::arpdstipmask) == nullptr)
      diagnostics_.warning(id::arp_destination_mask, destination->where,
                           "libvirt matches this address with the mask of 'arpsrcipaddr'");
    if (rule_.find(A::icmp_type) == nullptr)
      for (const auto attribute : {A::icmp_typeend, A::icmp_code, A::icmp_codeend})
        if (const auto *value = rule_.find(attribute); value != nullptr && value->negated)
          diagnostics_.warning(id::negated_icmp_code, value->where,
                               "libvirt leaves the negation out where there is no 'type'");
  }

  void warn_of_ip_differences() {
    if (rule_.action == Action::continue_with_next)
      diagnostics_.warning(id::continue_in_ip_layer, rule_.where, "libvirt cannot instantiate 'continue' here");
    if (const auto *set = rule_.find(A::ipset)) {
      const bool all = rule_.protocol == Protocol::all || rule_.protocol == Protocol::all_ipv6;
      const bool flags = rule_.find(A::ipsetflags) != nullptr;
      if (all != flags)
        diagnostics_.warning(id::ipset_with_flags, set->where, "libvirt leaves this match out of the rule");
      else if (!flags)
        diagnostics_.warning(id::ipset_with_flags, set->where, "libvirt cannot instantiate this without 'ipsetflags'");
      if (set->negated)
        diagnostics_.warning(id::negated_ipset, set->where, "libvirt leaves the negation out");
    }
    const auto *source = rule_.find(A::srcportstart);
    const auto *destination = rule_.find(A::dstportstart);
    if (destination != nullptr && destination->negated != (source != nullptr && source->negated))
      diagnostics_.warning(id::negated_destination_ports, destination->where,
                           "libvirt takes the negation of destination ports from the source ports");
    if (const auto *flags = rule_.find(A::tcp_flags); flags != nullptr && rule_.protocol == Protocol::tcp_ipv6)
      diagnostics_.warning(id::tcp_flags_ipv6, flags->where, "'flags' has no effect in tcp-ipv6, as in libvirt");
    if (const auto *to = rule_.find(A::dstipto);
        to != nullptr && spec_.layer == Layer::ipv6 && std::holds_alternative<Literal>(to->value))
      diagnostics_.warning(id::dstipto_ipv6, to->where, "libvirt refuses an IPv6 address here");
    if (const auto *type = rule_.find(A::icmp_type);
        type != nullptr && rule_.protocol == Protocol::icmp && type->value == decltype(type->value)(Literal(255U)))
      diagnostics_.warning(id::icmp_type_255, type->where, "iptables takes ICMP type 255 for any type");
    if (const auto *type = rule_.find(A::icmp_type); type != nullptr && rule_.direction == RuleDirection::inout)
      diagnostics_.warning(id::inout_icmp_type, type->where, "libvirt makes no rule of 'inout' with an ICMP type");
  }

  const Rule &rule_;
  const ProtocolSpec &spec_;
  Diagnostics &diagnostics_;
};

} // namespace

void check_rule(const Rule &rule, Diagnostics &diagnostics) { RuleChecks(rule, diagnostics).run(); }

} // namespace nwgate::xml
