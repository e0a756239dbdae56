// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/program/field.h"

#include <algorithm>
#include <array>
#include <cassert>

namespace nwgate {
namespace {

using F = Field;
using N = Notation;

/// In the order of enum Field.
constexpr std::array fields = {
    FieldInfo{F::ether_src, "ether.src", N::mac},
    FieldInfo{F::ether_dst, "ether.dst", N::mac},
    FieldInfo{F::ether_type, "ether.type", N::hexadecimal},
    FieldInfo{F::vlan_id, "vlan.id", N::decimal},
    FieldInfo{F::vlan_type, "vlan.type", N::hexadecimal},
    FieldInfo{F::stp_type, "stp.type", N::decimal},
    FieldInfo{F::stp_flags, "stp.flags", N::decimal},
    FieldInfo{F::stp_root_priority, "stp.root_priority", N::decimal},
    FieldInfo{F::stp_root_address, "stp.root_address", N::mac},
    FieldInfo{F::stp_root_cost, "stp.root_cost", N::decimal},
    FieldInfo{F::stp_sender_priority, "stp.sender_priority", N::decimal},
    FieldInfo{F::stp_sender_address, "stp.sender_address", N::mac},
    FieldInfo{F::stp_port, "stp.port", N::decimal},
    FieldInfo{F::stp_message_age, "stp.message_age", N::decimal},
    FieldInfo{F::stp_max_age, "stp.max_age", N::decimal},
    FieldInfo{F::stp_hello_time, "stp.hello_time", N::decimal},
    FieldInfo{F::stp_forward_delay, "stp.forward_delay", N::decimal},
    FieldInfo{F::arp_htype, "arp.htype", N::decimal},
    FieldInfo{F::arp_ptype, "arp.ptype", N::hexadecimal},
    FieldInfo{F::arp_op, "arp.op", N::decimal},
    FieldInfo{F::arp_sha, "arp.sha", N::mac},
    FieldInfo{F::arp_tha, "arp.tha", N::mac},
    FieldInfo{F::arp_spa, "arp.spa", N::ipv4},
    FieldInfo{F::arp_tpa, "arp.tpa", N::ipv4},
    FieldInfo{F::arp_gratuitous, "arp.gratuitous", N::decimal},
    FieldInfo{F::ip_saddr, "ip.saddr", N::ipv4},
    FieldInfo{F::ip_daddr, "ip.daddr", N::ipv4},
    FieldInfo{F::ip_protocol, "ip.protocol", N::decimal},
    FieldInfo{F::ip_dscp, "ip.dscp", N::decimal},
    FieldInfo{F::ip6_saddr, "ip6.saddr", N::ipv6},
    FieldInfo{F::ip6_daddr, "ip6.daddr", N::ipv6},
    FieldInfo{F::ip6_protocol, "ip6.protocol", N::decimal},
    FieldInfo{F::ip6_dscp, "ip6.dscp", N::decimal},
    FieldInfo{F::th_sport, "th.sport", N::decimal},
    FieldInfo{F::th_dport, "th.dport", N::decimal},
    FieldInfo{F::tcp_flags, "tcp.flags", N::tcp_flags},
    FieldInfo{F::tcp_option, "tcp.option", N::decimal},
    FieldInfo{F::icmp_type, "icmp.type", N::decimal},
    FieldInfo{F::icmp6_type, "icmp6.type", N::decimal},
    FieldInfo{F::ct_state, "ct.state", N::states},
    FieldInfo{F::ct_direction, "ct.direction", N::ct_direction},
    FieldInfo{F::ct_count, "ct.count", N::decimal},
    FieldInfo{F::set_lookup, "set.lookup", N::text},
};

} // namespace

const FieldInfo &info_of(Field field) {
  const auto &info = fields.at(static_cast<std::size_t>(field));
  assert(info.field == field);
  return info;
}

std::optional<Field> find_field(std::string_view name) {
  const auto *found = std::ranges::find(fields, name, &FieldInfo::name);
  return found == fields.end() ? std::nullopt : std::optional(found->field);
}

} // namespace nwgate
