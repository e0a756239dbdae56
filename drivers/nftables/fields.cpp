// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/nftables/fields.h"

#include <array>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdexcept>

namespace nwgate::nftables {
namespace {

using Encoding = KeyPart::Encoding;
using netlink::ExpressionList;
using netlink::Register;

/// The literal of the rule's match of a field, if it is a number that must be equal.
std::optional<std::uint32_t> required_number(const ProgramRule &rule, Field field) {
  for (const auto &match : rule.matches)
    if (match.field == field && !match.negated && match.form == Form::single)
      if (const auto *literal = std::get_if<Literal>(&match.operands.front()))
        return std::get<std::uint32_t>(*literal);
  return std::nullopt;
}

/// Ports can be found: in the ethernet layer only those of IPv4, where the bridge family and ebtables find the same.
bool has_ports(const ProgramRule &rule, Layer layer) {
  if (layer == Layer::ethernet && required_number(rule, Field::ether_type) != std::uint32_t{ETH_P_IP})
    return false;
  const auto protocol = required_number(rule, layer == Layer::ipv6 ? Field::ip6_protocol : Field::ip_protocol);
  switch (protocol.value_or(0)) {
  case IPPROTO_TCP:
  case IPPROTO_UDP:
  case IPPROTO_SCTP:
    return true;
  default:
    return false;
  }
}

std::optional<Encoding> encoding_in_ethernet_layer(Field field, const ProgramRule &rule) {
  switch (field) {
  case Field::ether_src:
  case Field::ether_dst:
  case Field::arp_sha:
  case Field::arp_tha:
    return Encoding::mac;
  case Field::ip_saddr:
  case Field::ip_daddr:
  case Field::arp_spa:
  case Field::arp_tpa:
    return Encoding::ipv4;
  case Field::ip6_saddr:
  case Field::ip6_daddr:
    return Encoding::ipv6;
  case Field::vlan_id:
  case Field::arp_htype:
  case Field::arp_op:
  case Field::arp_ptype:
    return Encoding::u16;
  case Field::ip_protocol:
    return Encoding::u8;
  case Field::ip_dscp:
    return Encoding::dscp;
  case Field::th_sport:
  case Field::th_dport:
    return has_ports(rule, Layer::ethernet) ? std::optional(Encoding::u16) : std::nullopt;
  default:
    return std::nullopt;
  }
}

std::optional<Encoding> encoding_in_ip_layer(Field field, const ProgramRule &rule, Layer layer) {
  switch (field) {
  case Field::ether_src:
    return Encoding::mac;
  case Field::ip_saddr:
  case Field::ip_daddr:
    return Encoding::ipv4;
  case Field::ip6_saddr:
  case Field::ip6_daddr:
    return Encoding::ipv6;
  case Field::ip_dscp:
    return Encoding::dscp;
  case Field::ip6_dscp:
    return Encoding::dscp6;
  case Field::th_sport:
  case Field::th_dport:
    return has_ports(rule, layer) ? std::optional(Encoding::u16) : std::nullopt;
  default:
    return std::nullopt;
  }
}

template <std::size_t Size> using Constant = std::array<std::uint8_t, Size>;

/// Loads bytes of the network header and asks for their value.
template <std::size_t Size>
void require(std::uint32_t offset, const Constant<Size> &value, Register scratch, ExpressionList &out) {
  out.payload(NFT_PAYLOAD_NETWORK_HEADER, offset, Size, scratch);
  out.compare(scratch, NFT_CMP_EQ, value);
}

/// The packet has to have this byte of the network header.
void require_byte(std::uint32_t offset, Register scratch, ExpressionList &out) {
  out.payload(NFT_PAYLOAD_NETWORK_HEADER, offset, 1, scratch);
}

/// ebt_arp.c of the kernel finds addresses only of the types that it knows. It finds them behind hardware addresses of
/// other lengths too, where no fixed place is: such frames are of no Ethernet.
void load_arp_address(Field field, Register to, Register scratch, ExpressionList &out) {
  constexpr Constant<2> ethernet{0, ARPHRD_ETHER};
  constexpr Constant<1> six{6};
  constexpr Constant<2> six_and_four{6, 4};
  constexpr Constant<4> ipv4_over_six{ETH_P_IP >> 8, 0, 6, 4};
  switch (field) {
  case Field::arp_sha:
    require(0, ethernet, scratch, out);
    require(4, six, scratch, out);
    out.payload(NFT_PAYLOAD_NETWORK_HEADER, 8, 6, to);
    return;
  case Field::arp_tha:
    require(0, ethernet, scratch, out);
    require(4, six_and_four, scratch, out);
    out.payload(NFT_PAYLOAD_NETWORK_HEADER, 18, 6, to);
    return;
  default:
    require(2, ipv4_over_six, scratch, out);
    require_byte(27, scratch, out);
    out.payload(NFT_PAYLOAD_NETWORK_HEADER, field == Field::arp_spa ? 14 : 24, 4, to);
  }
}

void mask(Register place, std::initializer_list<std::uint8_t> bytes, ExpressionList &out) {
  const std::vector<std::uint8_t> copy(bytes);
  out.bitwise_and(place, place, copy);
}

} // namespace

std::optional<Encoding> encoding_of(const Match &match, const ProgramRule &rule, Layer layer) {
  const auto encoding = layer == Layer::ethernet ? encoding_in_ethernet_layer(match.field, rule)
                                                 : encoding_in_ip_layer(match.field, rule, layer);
  if (!encoding)
    return std::nullopt;
  switch (match.form) {
  case Form::single:
    return encoding;
  case Form::range:
    return encoding == Encoding::u16 || encoding == Encoding::ipv4 || encoding == Encoding::ipv6 ? encoding
                                                                                                 : std::nullopt;
  case Form::masked: // a MAC mask need not be a prefix
    return encoding == Encoding::mac && std::holds_alternative<SlotRef>(match.operands[1]) ? std::nullopt : encoding;
  default:
    return std::nullopt;
  }
}

void load_field(Field field, Layer layer, Register to, Register scratch, ExpressionList &out) {
  const bool in_ethernet_layer = layer == Layer::ethernet;
  const auto network = [&](std::uint32_t offset, std::uint32_t length, std::uint32_t header) {
    if (in_ethernet_layer && offset + length < header)
      require_byte(header - 1, scratch, out); // the families of IP have checked it
    out.payload(NFT_PAYLOAD_NETWORK_HEADER, offset, length, to);
  };
  constexpr std::uint32_t ipv4_header = 20;
  constexpr std::uint32_t ipv6_header = 40;
  constexpr std::uint32_t arp_header = 8;
  switch (field) {
  case Field::ether_src:
    out.payload(NFT_PAYLOAD_LL_HEADER, 6, 6, to);
    break;
  case Field::ether_dst:
    out.payload(NFT_PAYLOAD_LL_HEADER, 0, 6, to);
    break;
  case Field::ether_type:
    out.payload(NFT_PAYLOAD_LL_HEADER, 12, 2, to);
    break;
  case Field::vlan_id:
    out.payload(NFT_PAYLOAD_LL_HEADER, 14, 2, to);
    mask(to, {0x0f, 0xff}, out);
    break;
  case Field::arp_htype:
    network(0, 2, arp_header);
    break;
  case Field::arp_ptype:
    network(2, 2, arp_header);
    break;
  case Field::arp_op:
    network(6, 2, arp_header);
    break;
  case Field::arp_sha:
  case Field::arp_tha:
  case Field::arp_spa:
  case Field::arp_tpa:
    load_arp_address(field, to, scratch, out);
    break;
  case Field::ip_saddr:
    network(12, 4, ipv4_header);
    break;
  case Field::ip_daddr:
    network(16, 4, ipv4_header);
    break;
  case Field::ip_protocol:
    network(9, 1, ipv4_header);
    break;
  case Field::ip_dscp:
    network(1, 1, ipv4_header);
    mask(to, {0xfc}, out);
    break;
  case Field::ip6_saddr:
    network(8, 16, ipv6_header);
    break;
  case Field::ip6_daddr:
    network(24, 16, ipv6_header);
    break;
  case Field::ip6_dscp:
    network(0, 2, ipv6_header);
    mask(to, {0x0f, 0xc0}, out);
    break;
  case Field::th_sport:
    out.payload(NFT_PAYLOAD_TRANSPORT_HEADER, 0, 2, to);
    break;
  case Field::th_dport:
    out.payload(NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, to);
    break;
  default:
    throw std::logic_error("a field that cannot be loaded");
  }
}

std::pair<std::uint32_t, std::uint32_t> stp_place(Field field) {
  switch (field) {
  case Field::stp_type:
    return {5, 1};
  case Field::stp_flags:
    return {6, 1};
  case Field::stp_root_priority:
    return {7, 2};
  case Field::stp_root_address:
    return {9, 6};
  case Field::stp_root_cost:
    return {15, 4};
  case Field::stp_sender_priority:
    return {19, 2};
  case Field::stp_sender_address:
    return {21, 6};
  case Field::stp_port:
    return {27, 2};
  case Field::stp_message_age:
    return {29, 2};
  case Field::stp_max_age:
    return {31, 2};
  case Field::stp_hello_time:
    return {33, 2};
  default: // forward delay
    return {35, 2};
  }
}

} // namespace nwgate::nftables
