// SPDX-License-Identifier: LGPL-2.1-or-later
/// The fields of a packet, or of its connection, that a rule can look at.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace nwgate {

// clang-format off: groups in lines
enum class Field : std::uint8_t {
  ether_src,
  ether_dst,
  ether_type,
  vlan_id,
  vlan_type,
  stp_type,
  stp_flags,
  stp_root_priority,
  stp_root_address,
  stp_root_cost,
  stp_sender_priority,
  stp_sender_address,
  stp_port,
  stp_message_age,
  stp_max_age,
  stp_hello_time,
  stp_forward_delay,
  arp_htype,
  arp_ptype,
  arp_op,
  arp_sha,
  arp_tha,
  arp_spa,
  arp_tpa,
  arp_gratuitous,
  ip_saddr,
  ip_daddr,
  ip_protocol,
  ip_dscp,
  ip6_saddr,
  ip6_daddr,
  ip6_protocol,
  ip6_dscp,
  th_sport,
  th_dport,
  tcp_flags,
  tcp_option,
  icmp_type,
  icmp6_type,
  ct_state,
  ct_direction,
  ct_count,
  set_lookup,
};
// clang-format on

/// How the literals of a field are written in the text form.
enum class Notation : std::uint8_t { decimal, hexadecimal, mac, ipv4, ipv6, text, states, ct_direction, tcp_flags };

struct FieldInfo {
  Field field;
  /// `ether.src`: the field's own word, as in nftables and the RFCs.
  std::string_view name;
  Notation notation;
};

const FieldInfo &info_of(Field field);
std::optional<Field> find_field(std::string_view name);

} // namespace nwgate
