// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/model/protocol.h"

#include <algorithm>
#include <array>
#include <cassert>

namespace nwgate {
namespace {

using A = Attribute;
using T = ValueType;

/// Tables are put together from groups of attributes that several protocols share.
template <std::size_t... Sizes> constexpr auto join(const std::array<AttributeSpec, Sizes> &...parts) {
  std::array<AttributeSpec, (Sizes + ...)> result{};
  auto out = result.begin();
  ((out = std::copy(parts.begin(), parts.end(), out)), ...);
  return result;
}

constexpr std::array ether = {
    AttributeSpec{A::srcmacaddr, "srcmacaddr", T::mac}, AttributeSpec{A::srcmacmask, "srcmacmask", T::mac_mask},
    AttributeSpec{A::dstmacaddr, "dstmacaddr", T::mac}, AttributeSpec{A::dstmacmask, "dstmacmask", T::mac_mask}};
constexpr std::array comment = {AttributeSpec{A::comment, "comment", T::comment}};

constexpr auto mac = join(ether, std::array{AttributeSpec{A::protocolid, "protocolid", T::ether_type}}, comment);
constexpr auto vlan = join(ether,
                           std::array{AttributeSpec{A::vlanid, "vlanid", T::vlan_id},
                                      AttributeSpec{A::encap_protocol, "encap-protocol", T::encapsulated_type}},
                           comment);
constexpr auto stp = join(std::array{AttributeSpec{A::srcmacaddr, "srcmacaddr", T::mac},
                                     AttributeSpec{A::srcmacmask, "srcmacmask", T::mac_mask},
                                     AttributeSpec{A::stp_type, "type", T::u8},
                                     AttributeSpec{A::stp_flags, "flags", T::u8},
                                     AttributeSpec{A::root_priority, "root-priority", T::u16},
                                     AttributeSpec{A::root_priority_hi, "root-priority-hi", T::u16},
                                     AttributeSpec{A::root_address, "root-address", T::mac},
                                     AttributeSpec{A::root_address_mask, "root-address-mask", T::mac_mask},
                                     AttributeSpec{A::root_cost, "root-cost", T::u32},
                                     AttributeSpec{A::root_cost_hi, "root-cost-hi", T::u32},
                                     AttributeSpec{A::sender_priority, "sender-priority", T::u16},
                                     AttributeSpec{A::sender_priority_hi, "sender-priority-hi", T::u16},
                                     AttributeSpec{A::sender_address, "sender-address", T::mac},
                                     AttributeSpec{A::sender_address_mask, "sender-address-mask", T::mac_mask},
                                     AttributeSpec{A::stp_port, "port", T::u16},
                                     AttributeSpec{A::stp_port_hi, "port-hi", T::u16},
                                     AttributeSpec{A::age, "age", T::u16},
                                     AttributeSpec{A::age_hi, "age-hi", T::u16},
                                     AttributeSpec{A::max_age, "max-age", T::u16},
                                     AttributeSpec{A::max_age_hi, "max-age-hi", T::u16},
                                     AttributeSpec{A::hello_time, "hello-time", T::u16},
                                     AttributeSpec{A::hello_time_hi, "hello-time-hi", T::u16},
                                     AttributeSpec{A::forward_delay, "forward-delay", T::u16},
                                     AttributeSpec{A::forward_delay_hi, "forward-delay-hi", T::u16}},
                          comment);
constexpr auto arp =
    join(ether,
         std::array{AttributeSpec{A::hwtype, "hwtype", T::u16}, AttributeSpec{A::protocoltype, "protocoltype", T::u16},
                    AttributeSpec{A::opcode, "opcode", T::arp_opcode},
                    AttributeSpec{A::arpsrcmacaddr, "arpsrcmacaddr", T::mac},
                    AttributeSpec{A::arpdstmacaddr, "arpdstmacaddr", T::mac},
                    AttributeSpec{A::arpsrcipaddr, "arpsrcipaddr", T::ipv4},
                    AttributeSpec{A::arpsrcipmask, "arpsrcipmask", T::ipv4_mask},
                    AttributeSpec{A::arpdstipaddr, "arpdstipaddr", T::ipv4},
                    AttributeSpec{A::arpdstipmask, "arpdstipmask", T::ipv4_mask},
                    AttributeSpec{A::gratuitous, "gratuitous", T::boolean}},
         comment);

constexpr auto addresses(T address, T mask) {
  return std::array{AttributeSpec{A::srcipaddr, "srcipaddr", address}, AttributeSpec{A::srcipmask, "srcipmask", mask},
                    AttributeSpec{A::dstipaddr, "dstipaddr", address}, AttributeSpec{A::dstipmask, "dstipmask", mask}};
}
constexpr std::array protocol_attribute = {AttributeSpec{A::protocol, "protocol", T::ip_protocol}};
constexpr std::array ports = {
    AttributeSpec{A::srcportstart, "srcportstart", T::u16}, AttributeSpec{A::srcportend, "srcportend", T::u16},
    AttributeSpec{A::dstportstart, "dstportstart", T::u16}, AttributeSpec{A::dstportend, "dstportend", T::u16}};
constexpr std::array dscp = {AttributeSpec{A::dscp, "dscp", T::dscp}};

constexpr auto ip = join(ether, addresses(T::ipv4, T::ipv4_mask), protocol_attribute, ports, dscp, comment);
constexpr auto ipv6 =
    join(ether, addresses(T::ipv6, T::ipv6_mask), protocol_attribute, ports,
         std::array{AttributeSpec{A::icmp_type, "type", T::u8}, AttributeSpec{A::icmp_typeend, "typeend", T::u8},
                    AttributeSpec{A::icmp_code, "code", T::u8}, AttributeSpec{A::icmp_codeend, "codeend", T::u8}},
         comment);

/// What all protocols of an IP layer have in front of their own attributes.
constexpr auto ip_layer(T address, T mask) {
  return join(
      std::array{AttributeSpec{A::srcmacaddr, "srcmacaddr", T::mac}}, addresses(address, mask),
      std::array{AttributeSpec{A::srcipfrom, "srcipfrom", address}, AttributeSpec{A::srcipto, "srcipto", address},
                 AttributeSpec{A::dstipfrom, "dstipfrom", address}, AttributeSpec{A::dstipto, "dstipto", address}},
      dscp,
      std::array{AttributeSpec{A::connlimit_above, "connlimit-above", T::connection_count},
                 AttributeSpec{A::state, "state", T::states}, AttributeSpec{A::ipset, "ipset", T::set_name},
                 AttributeSpec{A::ipsetflags, "ipsetflags", T::set_flags}});
}
constexpr auto v4 = ip_layer(T::ipv4, T::ipv4_mask);
constexpr auto v6 = ip_layer(T::ipv6, T::ipv6_mask);
constexpr std::array icmp_type = {AttributeSpec{A::icmp_type, "type", T::u8},
                                  AttributeSpec{A::icmp_code, "code", T::u8}};
constexpr std::array tcp_option = {AttributeSpec{A::tcp_option, "option", T::u8}};
constexpr std::array tcp_flags = {AttributeSpec{A::tcp_flags, "flags", T::tcp_flags}};

constexpr auto tcp = join(v4, ports, tcp_option, tcp_flags, comment);
constexpr auto with_ports = join(v4, ports, comment);
constexpr auto icmp = join(v4, icmp_type, comment);
constexpr auto plain = join(v4, comment);
/// libvirt's schema has `flags` here, its engine has not: it is accepted without effect, with a warning.
constexpr auto tcp_ipv6 = join(v6, ports, tcp_option, tcp_flags, comment);
constexpr auto with_ports_ipv6 = join(v6, ports, comment);
constexpr auto icmpv6 = join(v6, icmp_type, comment);
constexpr auto plain_ipv6 = join(v6, comment);

/// In the order of enum Protocol.
constexpr std::array protocols = {
    ProtocolSpec{Protocol::none, "", Layer::ethernet, {}},
    ProtocolSpec{Protocol::mac, "mac", Layer::ethernet, mac},
    ProtocolSpec{Protocol::vlan, "vlan", Layer::ethernet, vlan},
    ProtocolSpec{Protocol::stp, "stp", Layer::ethernet, stp},
    ProtocolSpec{Protocol::arp, "arp", Layer::ethernet, arp},
    ProtocolSpec{Protocol::rarp, "rarp", Layer::ethernet, arp},
    ProtocolSpec{Protocol::ip, "ip", Layer::ethernet, ip},
    ProtocolSpec{Protocol::ipv6, "ipv6", Layer::ethernet, ipv6},
    ProtocolSpec{Protocol::tcp, "tcp", Layer::ipv4, tcp},
    ProtocolSpec{Protocol::udp, "udp", Layer::ipv4, with_ports},
    ProtocolSpec{Protocol::udplite, "udplite", Layer::ipv4, plain},
    ProtocolSpec{Protocol::sctp, "sctp", Layer::ipv4, with_ports},
    ProtocolSpec{Protocol::icmp, "icmp", Layer::ipv4, icmp},
    ProtocolSpec{Protocol::igmp, "igmp", Layer::ipv4, plain},
    ProtocolSpec{Protocol::esp, "esp", Layer::ipv4, plain},
    ProtocolSpec{Protocol::ah, "ah", Layer::ipv4, plain},
    ProtocolSpec{Protocol::all, "all", Layer::ipv4, plain},
    ProtocolSpec{Protocol::tcp_ipv6, "tcp-ipv6", Layer::ipv6, tcp_ipv6},
    ProtocolSpec{Protocol::udp_ipv6, "udp-ipv6", Layer::ipv6, with_ports_ipv6},
    ProtocolSpec{Protocol::udplite_ipv6, "udplite-ipv6", Layer::ipv6, plain_ipv6},
    ProtocolSpec{Protocol::sctp_ipv6, "sctp-ipv6", Layer::ipv6, with_ports_ipv6},
    ProtocolSpec{Protocol::icmpv6, "icmpv6", Layer::ipv6, icmpv6},
    ProtocolSpec{Protocol::esp_ipv6, "esp-ipv6", Layer::ipv6, plain_ipv6},
    ProtocolSpec{Protocol::ah_ipv6, "ah-ipv6", Layer::ipv6, plain_ipv6},
    ProtocolSpec{Protocol::all_ipv6, "all-ipv6", Layer::ipv6, plain_ipv6},
};

} // namespace

const ProtocolSpec *find_protocol(std::string_view element) {
  const auto *found = std::ranges::find(protocols, element, &ProtocolSpec::name);
  return found == protocols.end() || element.empty() ? nullptr : found;
}

const ProtocolSpec &spec_of(Protocol protocol) {
  const auto &spec = protocols.at(static_cast<std::size_t>(protocol));
  assert(spec.protocol == protocol);
  return spec;
}

std::span<const ProtocolSpec> all_protocols() { return protocols; }

} // namespace nwgate
