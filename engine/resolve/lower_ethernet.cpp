// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/resolve/lower_ethernet.h"

#include <linux/if_ether.h>

namespace nwgate {
namespace {

using A = Attribute;
using F = Field;

void add_ether_header(MatchBuilder &m) {
  m.add_masked_sides({F::ether_src, F::ether_dst}, {A::srcmacaddr, A::dstmacaddr}, {A::srcmacmask, A::dstmacmask});
}

void lower_vlan(MatchBuilder &m) {
  add_ether_header(m);
  m.add_implied(F::ether_type, std::uint32_t{ETH_P_8021Q});
  m.add_single(F::vlan_id, A::vlanid);
  m.add_single(F::vlan_type, A::encap_protocol);
}

void lower_stp(MatchBuilder &m) {
  // IEEE 802.1D: the bridge group address.
  constexpr MacAddress bridge_group{{0x01, 0x80, 0xc2, 0x00, 0x00, 0x00}};
  m.add_masked(m.swapped() ? F::ether_dst : F::ether_src, A::srcmacaddr, A::srcmacmask);
  m.add_implied(F::ether_dst, bridge_group);
  m.add_single(F::stp_type, A::stp_type);
  m.add_single(F::stp_flags, A::stp_flags);
  m.add_range(F::stp_root_priority, A::root_priority, A::root_priority_hi);
  m.add_masked(F::stp_root_address, A::root_address, A::root_address_mask);
  m.add_range(F::stp_root_cost, A::root_cost, A::root_cost_hi);
  m.add_range(F::stp_sender_priority, A::sender_priority, A::sender_priority_hi);
  m.add_masked(F::stp_sender_address, A::sender_address, A::sender_address_mask);
  m.add_range(F::stp_port, A::stp_port, A::stp_port_hi);
  m.add_range(F::stp_message_age, A::age, A::age_hi);
  m.add_range(F::stp_max_age, A::max_age, A::max_age_hi);
  m.add_range(F::stp_hello_time, A::hello_time, A::hello_time_hi);
  m.add_range(F::stp_forward_delay, A::forward_delay, A::forward_delay_hi);
}

void lower_arp(MatchBuilder &m, std::uint32_t ether_type) {
  add_ether_header(m);
  m.add_implied(F::ether_type, ether_type);
  m.add_single(F::arp_htype, A::hwtype);
  m.add_single(F::arp_op, A::opcode);
  m.add_single(F::arp_ptype, A::protocoltype);
  m.add_masked_sides({F::arp_spa, F::arp_tpa}, {A::arpsrcipaddr, A::arpdstipaddr}, {A::arpsrcipmask, A::arpdstipmask});
  m.add_single_sides({F::arp_sha, F::arp_tha}, {A::arpsrcmacaddr, A::arpdstmacaddr});
  // "false" asks for nothing: it does not mean "not gratuitous".
  const auto *gratuitous = m.find(A::gratuitous);
  if (gratuitous != nullptr && gratuitous->value != decltype(gratuitous->value)(Literal(0U)))
    m.add_single(F::arp_gratuitous, A::gratuitous);
}

void add_ports(MatchBuilder &m) {
  m.add_range_sides({F::th_sport, F::th_dport}, {A::srcportstart, A::dstportstart}, {A::srcportend, A::dstportend});
}

void lower_ip(MatchBuilder &m) {
  add_ether_header(m);
  m.add_implied(F::ether_type, std::uint32_t{ETH_P_IP});
  m.add_masked_sides({F::ip_saddr, F::ip_daddr}, {A::srcipaddr, A::dstipaddr}, {A::srcipmask, A::dstipmask});
  m.add_single(F::ip_protocol, A::protocol);
  add_ports(m);
  m.add_single(F::ip_dscp, A::dscp);
}

/// libvirt's rule for ends that are not given: the other end where there is one, else the whole range.
std::pair<Operand, Operand> filled_range(const MatchBuilder &m, A first, A last) {
  const auto *low = m.find(first);
  const auto *high = m.find(last);
  const Operand everything = Literal(0xffU);
  return {low != nullptr ? m.operand(*low) : Operand(Literal(0U)), high != nullptr  ? m.operand(*high)
                                                                   : low != nullptr ? m.operand(*low)
                                                                                    : everything};
}

void lower_ipv6(MatchBuilder &m) {
  add_ether_header(m);
  m.add_implied(F::ether_type, std::uint32_t{ETH_P_IPV6});
  m.add_masked_sides({F::ip6_saddr, F::ip6_daddr}, {A::srcipaddr, A::dstipaddr}, {A::srcipmask, A::dstipmask});
  m.add_single(F::ip6_protocol, A::protocol);
  add_ports(m);
  // One match, negated as a whole: by the type or, where there is none, by what there is.
  const AttributeValue *decisive = nullptr;
  for (const auto attribute : {A::icmp_type, A::icmp_typeend, A::icmp_code, A::icmp_codeend})
    if (decisive == nullptr)
      decisive = m.find(attribute);
  if (decisive == nullptr)
    return;
  auto [first_type, last_type] = filled_range(m, A::icmp_type, A::icmp_typeend);
  auto [first_code, last_code] = filled_range(m, A::icmp_code, A::icmp_codeend);
  m.add({F::icmp6_type,
         decisive->negated,
         Form::range_pair,
         {std::move(first_type), std::move(last_type), std::move(first_code), std::move(last_code)}});
}

} // namespace

void lower_ethernet(Protocol protocol, MatchBuilder &matches) {
  switch (protocol) {
  case Protocol::mac:
    add_ether_header(matches);
    matches.add_single(F::ether_type, A::protocolid);
    break;
  case Protocol::vlan:
    lower_vlan(matches);
    break;
  case Protocol::stp:
    lower_stp(matches);
    break;
  case Protocol::arp:
    lower_arp(matches, ETH_P_ARP);
    break;
  case Protocol::rarp:
    lower_arp(matches, ETH_P_RARP);
    break;
  case Protocol::ip:
    lower_ip(matches);
    break;
  case Protocol::ipv6:
    lower_ipv6(matches);
    break;
  default: // none has no matches, the others are of another layer
    break;
  }
}

} // namespace nwgate
