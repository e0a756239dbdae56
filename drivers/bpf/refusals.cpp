// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/bpf/refusals.h"

#include "drivers/bpf/operands.h"

#include <fmt/format.h>
#include <linux/if_ether.h>
#include <optional>

namespace nwgate::bpf {
namespace {

enum class Type : std::uint8_t { number, icmp, ipv4, ipv6 };

/// Nothing for fields that a cgroup's packets do not have.
std::optional<Type> type_of(Field field) {
  switch (field) {
  case Field::ip_saddr:
  case Field::ip_daddr:
    return Type::ipv4;
  case Field::ip6_saddr:
  case Field::ip6_daddr:
    return Type::ipv6;
  case Field::icmp_type:
  case Field::icmp6_type:
    return Type::icmp;
  case Field::ether_type:
  case Field::ip_protocol:
  case Field::ip_dscp:
  case Field::ip6_protocol:
  case Field::ip6_dscp:
  case Field::th_sport:
  case Field::th_dport:
  case Field::tcp_flags:
    return Type::number;
  default:
    return std::nullopt;
  }
}

bool is_of_layer(Field field, Layer layer) {
  switch (field) {
  case Field::th_sport:
  case Field::th_dport:
    return true;
  case Field::ether_type:
    return layer == Layer::ethernet;
  case Field::tcp_flags:
    return layer != Layer::ethernet;
  case Field::icmp_type:
    return layer == Layer::ipv4;
  case Field::ip6_dscp:
    return layer == Layer::ipv6;
  case Field::ip_saddr:
  case Field::ip_daddr:
  case Field::ip_protocol:
  case Field::ip_dscp:
    return layer != Layer::ipv6;
  default:
    return layer != Layer::ipv4;
  }
}

std::string why_not(Field field) {
  const auto name = info_of(field).name;
  if (field == Field::ct_state || field == Field::ct_direction || field == Field::ct_count)
    return fmt::format("{}: connections are not known where the packets of a cgroup are filtered", name);
  if (field == Field::set_lookup)
    return fmt::format("{}: IP sets cannot be looked up where the packets of a cgroup are filtered", name);
  if (field == Field::tcp_option)
    return fmt::format("{}: options of TCP are not searched where the packets of a cgroup are filtered", name);
  return fmt::format("{}: the packets of a cgroup have no header in front of that of IP", name);
}

template <typename Value> bool has(const Match &match, std::size_t from, std::size_t count) {
  if (match.operands.size() < from + count)
    return false;
  for (std::size_t i = from; i < from + count; ++i) {
    const auto *literal = std::get_if<Literal>(&match.operands[i]);
    if (literal == nullptr || !std::holds_alternative<Value>(*literal))
      return false;
  }
  return true;
}

/// Whether the form and the operands are those that the field has.
bool is_well_formed(const Match &match, Type type) {
  const bool is_address = type == Type::ipv4 || type == Type::ipv6;
  const auto values = [&](std::size_t from, std::size_t count) {
    return type == Type::ipv4   ? has<Ipv4Address>(match, from, count)
           : type == Type::ipv6 ? has<Ipv6Address>(match, from, count)
                                : has<std::uint32_t>(match, from, count);
  };
  switch (match.form) {
  case Form::single:
    return values(0, 1);
  case Form::masked:
    return values(0, 1) && has<std::uint32_t>(match, 1, 1);
  case Form::range:
    return values(0, 2);
  case Form::pair:
    return type == Type::icmp && values(0, 2);
  case Form::range_pair:
    return !is_address && type == Type::icmp && values(0, 4);
  }
  return false;
}

/// The rule asks for packets of a type that is neither of IP.
bool is_of_another_type(const Match &match) {
  if (match.field != Field::ether_type || match.negated)
    return false;
  const auto type = number(match, 0);
  return match.form == Form::single && type != ETH_P_IP && type != ETH_P_IPV6;
}

std::optional<std::string> why_not(const Match &match, Layer layer) {
  const auto name = info_of(match.field).name;
  const auto type = type_of(match.field);
  if (!type)
    return why_not(match.field);
  if (!is_of_layer(match.field, layer))
    return fmt::format("{}: no field of this layer", name);
  if (!is_well_formed(match, *type) || (match.field == Field::ether_type && match.form == Form::masked))
    return fmt::format("{}: no form that the field has", name);
  return std::nullopt;
}

std::optional<std::string> why_not(const ProgramRule &rule, Layer layer) {
  if (rule.verdict == VerdictKind::reject)
    return "reject: where the packets of a cgroup are filtered they are passed or dropped; a sender is told of a drop "
           "by EPERM";
  for (const auto &match : rule.matches) {
    if (auto reason = why_not(match, layer))
      return reason;
    if (rule.verdict != VerdictKind::jump && is_of_another_type(match))
      return fmt::format("ether.type 0x{:04x}: the packets of a cgroup are of IPv4 and IPv6 only", number(match, 0));
  }
  return std::nullopt;
}

} // namespace

std::vector<Refusal> refusals_of(const Program &program, Direction direction) {
  std::vector<Refusal> refusals;
  for (const auto &chain : program.chains)
    if (chain.direction == direction)
      for (const auto &rule : chain.rules)
        if (auto reason = why_not(rule, chain.layer))
          refusals.push_back({std::move(*reason), rule.origin});
  return refusals;
}

} // namespace nwgate::bpf
