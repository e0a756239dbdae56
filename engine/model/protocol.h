// SPDX-License-Identifier: LGPL-2.1-or-later
/// The protocol elements of a rule and the attributes that each may carry.
#pragma once

#include "engine/model/value_type.h"
#include "engine/net/layer.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace nwgate {

// clang-format off: groups in lines
/// `none` is a rule without a protocol element: every frame, ethernet layer.
enum class Protocol : std::uint8_t {
  none,
  mac,
  vlan,
  stp,
  arp,
  rarp,
  ip,
  ipv6,
  tcp,
  udp,
  udplite,
  sctp,
  icmp,
  igmp,
  esp,
  ah,
  all,
  tcp_ipv6,
  udp_ipv6,
  udplite_ipv6,
  sctp_ipv6,
  icmpv6,
  esp_ipv6,
  ah_ipv6,
  all_ipv6,
};

/// Every attribute that any protocol element has; one name has one meaning, its type depends on the protocol.
enum class Attribute : std::uint8_t {
  srcmacaddr,
  srcmacmask,
  dstmacaddr,
  dstmacmask,
  protocolid,
  vlanid,
  encap_protocol,
  stp_type,
  stp_flags,
  root_priority,
  root_priority_hi,
  root_address,
  root_address_mask,
  root_cost,
  root_cost_hi,
  sender_priority,
  sender_priority_hi,
  sender_address,
  sender_address_mask,
  stp_port,
  stp_port_hi,
  age,
  age_hi,
  max_age,
  max_age_hi,
  hello_time,
  hello_time_hi,
  forward_delay,
  forward_delay_hi,
  hwtype,
  protocoltype,
  opcode,
  arpsrcmacaddr,
  arpdstmacaddr,
  arpsrcipaddr,
  arpsrcipmask,
  arpdstipaddr,
  arpdstipmask,
  gratuitous,
  srcipaddr,
  srcipmask,
  dstipaddr,
  dstipmask,
  srcipfrom,
  srcipto,
  dstipfrom,
  dstipto,
  protocol,
  srcportstart,
  srcportend,
  dstportstart,
  dstportend,
  dscp,
  icmp_type,
  icmp_typeend,
  icmp_code,
  icmp_codeend,
  connlimit_above,
  state,
  ipset,
  ipsetflags,
  tcp_option,
  tcp_flags,
  comment,
};
// clang-format on

struct AttributeSpec {
  Attribute attribute;
  /// As written in XML.
  std::string_view name;
  ValueType type;
};

struct ProtocolSpec {
  Protocol protocol;
  /// The element's name, empty for `none`.
  std::string_view name;
  Layer layer;
  /// In the order in which libvirt reads and prints them, which is the order of first use of variables.
  std::span<const AttributeSpec> attributes;
};

/// The specification of a protocol element, or nullptr if there is none of that name.
const ProtocolSpec *find_protocol(std::string_view element);
const ProtocolSpec &spec_of(Protocol protocol);
/// All of them, `none` first.
std::span<const ProtocolSpec> all_protocols();

} // namespace nwgate
