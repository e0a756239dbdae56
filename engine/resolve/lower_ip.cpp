// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/resolve/lower_ip.h"

#include <netinet/in.h>
#include <optional>
#include <string>

namespace nwgate {
namespace {

using A = Attribute;
using F = Field;

/// The number behind `-p`, or nothing for `all`.
std::optional<std::uint32_t> protocol_number(Protocol protocol) {
  switch (protocol) {
  case Protocol::tcp:
  case Protocol::tcp_ipv6:
    return IPPROTO_TCP;
  case Protocol::udp:
  case Protocol::udp_ipv6:
    return IPPROTO_UDP;
  case Protocol::udplite:
  case Protocol::udplite_ipv6:
    return IPPROTO_UDPLITE;
  case Protocol::sctp:
  case Protocol::sctp_ipv6:
    return IPPROTO_SCTP;
  case Protocol::icmp:
    return IPPROTO_ICMP;
  case Protocol::icmpv6:
    return IPPROTO_ICMPV6;
  case Protocol::igmp:
    return IPPROTO_IGMP;
  case Protocol::esp:
  case Protocol::esp_ipv6:
    return IPPROTO_ESP;
  case Protocol::ah:
  case Protocol::ah_ipv6:
    return IPPROTO_AH;
  default:
    return std::nullopt;
  }
}

/// An address with a mask, or else a range.
void add_address(MatchBuilder &m, F field, A address, A mask, A first, A last) {
  const auto *from = m.find(first);
  if (m.find(address) != nullptr)
    m.add_masked(field, address, mask);
  else if (from != nullptr && m.find(last) == nullptr) // a start alone is a range of one address
    m.add({field, from->negated, Form::range, {m.operand(*from), m.operand(*from)}});
  else
    m.add_range(field, first, last);
}

void add_icmp_type(MatchBuilder &m, F field) {
  const auto *type = m.find(A::icmp_type);
  const auto *code = m.find(A::icmp_code);
  if (type == nullptr)
    return;
  if (code == nullptr)
    m.add({field, type->negated, Form::single, {m.operand(*type)}});
  else
    m.add({field, type->negated, Form::pair, {m.operand(*type), m.operand(*code)}});
}

void add_tcp_flags(MatchBuilder &m) {
  const auto *flags = m.find(A::tcp_flags);
  if (flags == nullptr)
    return;
  const auto both = std::get<std::uint32_t>(std::get<Literal>(flags->value));
  m.add({F::tcp_flags, flags->negated, Form::masked, {Literal(both & 0xffU), Literal(both >> 8U)}});
}

std::string exchange_sides(const std::string &flags) {
  std::string result;
  for (std::size_t at = 0; at < flags.size(); at += 4) { // words of three letters and a comma
    result += result.empty() ? "" : ",";
    result += flags.compare(at, 3, "src") == 0 ? "dst" : "src";
  }
  return result;
}

void add_set(MatchBuilder &m) {
  const auto *set = m.find(A::ipset);
  if (set == nullptr)
    return;
  const auto *flags = m.find(A::ipsetflags);
  std::string sides = flags == nullptr ? "src" : std::get<std::string>(std::get<Literal>(flags->value));
  if (m.swapped())
    sides = exchange_sides(sides);
  m.add({F::set_lookup, set->negated, Form::pair, {m.operand(*set), Literal(std::move(sides))}});
}

} // namespace

bool lower_ip(Protocol protocol, const DirectedRule &directed, MatchBuilder &m) {
  const bool is_v6 = spec_of(protocol).layer == Layer::ipv6;
  if (const auto number = protocol_number(protocol))
    m.add_implied(is_v6 ? F::ip6_protocol : F::ip_protocol, *number);
  const auto without_own_matches = m.size();

  if (!m.swapped())
    m.add_single(F::ether_src, A::srcmacaddr);
  const BothSides<F> address =
      is_v6 ? BothSides<F>{F::ip6_saddr, F::ip6_daddr} : BothSides<F>{F::ip_saddr, F::ip_daddr};
  add_address(m, address.source_if(!m.swapped()), A::srcipaddr, A::srcipmask, A::srcipfrom, A::srcipto);
  add_address(m, address.destination_if(!m.swapped()), A::dstipaddr, A::dstipmask, A::dstipfrom, A::dstipto);
  m.add_single(is_v6 ? F::ip6_dscp : F::ip_dscp, A::dscp);
  if (protocol == Protocol::tcp)
    add_tcp_flags(m);
  m.add_range_sides({F::th_sport, F::th_dport}, {A::srcportstart, A::dstportstart}, {A::srcportend, A::dstportend});
  m.add_single(F::tcp_option, A::tcp_option);
  add_icmp_type(m, is_v6 ? F::icmp6_type : F::icmp_type);
  // libvirt decides here, before states and sets.
  if (m.swapped() && m.find(A::srcmacaddr) != nullptr && m.size() == without_own_matches)
    return false;

  if (directed.states != 0)
    m.add_implied(F::ct_state, directed.states);
  if (directed.reply)
    m.add_implied(F::ct_direction, *directed.reply ? 1U : 0U);
  add_set(m);
  m.add_single(F::ct_count, A::connlimit_above);
  return true;
}

} // namespace nwgate
