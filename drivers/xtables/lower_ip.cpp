// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/lower_ip.h"

#include "drivers/xtables/operands.h"

#include <fmt/format.h>
#include <linux/in.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/xt_conntrack.h>
#include <optional>

namespace nwgate::xtables {
namespace {

std::uint16_t conntrack_bits(std::uint32_t states) {
  std::uint32_t bits = 0;
  if ((states & connection_state::new_state) != 0)
    bits |= XT_CONNTRACK_STATE_BIT(IP_CT_NEW);
  if ((states & connection_state::established) != 0)
    bits |= XT_CONNTRACK_STATE_BIT(IP_CT_ESTABLISHED);
  if ((states & connection_state::related) != 0)
    bits |= XT_CONNTRACK_STATE_BIT(IP_CT_RELATED);
  if ((states & connection_state::invalid) != 0)
    bits |= XT_CONNTRACK_STATE_INVALID;
  return static_cast<std::uint16_t>(bits);
}

std::vector<Side> dimensions_of(const std::string &flags) {
  std::vector<Side> sides;
  for (std::size_t at = 0; at < flags.size(); at += 4) // words of three letters and a comma
    sides.push_back(flags.compare(at, 3, "src") == 0 ? Side::source : Side::destination);
  return sides;
}

class IpLowering {
public:
  std::optional<std::string> add(const nwgate::Match &match) {
    switch (match.field) {
    case Field::ip_protocol:
    case Field::ip6_protocol:
      protocol_ = number<std::uint8_t>(match);
      add_plain(Protocol{number_term<std::uint8_t>(match)});
      break;
    case Field::ether_src:
      add_plain(MacSource{{std::get<MacAddress>(literal(match, 0)), match.negated}});
      break;
    case Field::ip_saddr:
    case Field::ip_daddr:
      add_address<Ipv4Match, Ipv4Range, Ipv4Address>(match, match.field == Field::ip_saddr, ipv4_term(match));
      break;
    case Field::ip6_saddr:
    case Field::ip6_daddr:
      add_address<Ipv6Match, Ipv6Range, Ipv6Address>(match, match.field == Field::ip6_saddr, ipv6_term(match));
      break;
    case Field::ip_dscp:
    case Field::ip6_dscp:
      add_plain(Dscp{number_term<std::uint8_t>(match)});
      break;
    case Field::th_sport:
      return add_port(match, Side::source);
    case Field::th_dport:
      return add_port(match, Side::destination);
    case Field::tcp_flags:
      made<Tcp>().flags = {{number<std::uint8_t>(match, 1), number<std::uint8_t>(match, 0)}, match.negated};
      break;
    case Field::tcp_option:
      made<Tcp>().option = number_term<std::uint8_t>(match);
      break;
    case Field::icmp_type:
    case Field::icmp6_type:
      add_icmp(match);
      break;
    case Field::ct_state:
      add_plain(ConntrackState{{conntrack_bits(number<std::uint32_t>(match)), match.negated}});
      break;
    case Field::ct_direction:
      add_plain(ConntrackDirection{number<std::uint32_t>(match) != 0});
      break;
    case Field::set_lookup:
      add_plain(SetMatch{{std::get<std::string>(literal(match, 0)), match.negated},
                         dimensions_of(std::get<std::string>(literal(match, 1)))});
      break;
    case Field::ct_count:
      add_plain(ConnLimit{number_term<std::uint32_t>(match)});
      break;
    default:
      return fmt::format("iptables has no match for {}", info_of(match.field).name);
    }
    return std::nullopt;
  }

  void add_comment(const std::string &text) { add_plain(Comment{text}); }

  std::vector<Match> take() { return std::move(matches_); }

private:
  void add_plain(Match match) { matches_.push_back(std::move(match)); }

  /// The rule's match of type T: ports, flags and options of one protocol are one match of the tools.
  template <typename T> T &made() {
    for (auto &match : matches_)
      if (auto *found = std::get_if<T>(&match))
        return *found;
    return std::get<T>(matches_.emplace_back(T{}));
  }

  template <typename Single, typename InRange, typename Address, typename MaskedTerm>
  void add_address(const nwgate::Match &match, bool source, MaskedTerm term) {
    if (match.form != Form::range) {
      add_plain(Single{source ? Side::source : Side::destination, std::move(term)});
      return;
    }
    const Range<Address> addresses{std::get<Address>(literal(match, 0)), std::get<Address>(literal(match, 1))};
    InRange range;
    (source ? range.source : range.destination) = Term<Range<Address>>{addresses, match.negated};
    add_plain(std::move(range));
  }

  template <typename Ports> void set_port(const nwgate::Match &match, Side side) {
    auto &ports = made<Ports>();
    (side == Side::source ? ports.source_port : ports.destination_port) = range_term<std::uint16_t>(match);
  }

  std::optional<std::string> add_port(const nwgate::Match &match, Side side) {
    switch (protocol_) {
    case IPPROTO_TCP:
      set_port<Tcp>(match, side);
      break;
    case IPPROTO_UDP:
      set_port<Udp>(match, side);
      break;
    case IPPROTO_SCTP:
      set_port<Sctp>(match, side);
      break;
    default:
      return fmt::format("iptables has no port numbers for protocol {}", protocol_);
    }
    return std::nullopt;
  }

  void add_icmp(const nwgate::Match &match) {
    IcmpType value{number<std::uint8_t>(match, 0)};
    if (match.form == Form::pair)
      value.code = {number<std::uint8_t>(match, 1), number<std::uint8_t>(match, 1)};
    add_plain(Icmp{{value, match.negated}});
  }

  std::uint8_t protocol_ = 0;
  std::vector<Match> matches_;
};

Target target_of(VerdictKind verdict, Direction direction) {
  switch (verdict) {
  case VerdictKind::accept:
    return direction == Direction::out ? Verdict::return_to_caller : Verdict::accept;
  case VerdictKind::drop:
    return Verdict::drop;
  case VerdictKind::reject:
    return Reject{};
  case VerdictKind::return_to_caller:
    return Verdict::return_to_caller;
  default: // jumps are of the ethernet layer
    return Continue{};
  }
}

} // namespace

std::variant<Rule, std::string> lower_ip(const ProgramRule &rule, Direction direction) {
  IpLowering lowering;
  for (const auto &match : rule.matches)
    if (auto why = lowering.add(match))
      return std::move(*why);
  if (rule.comment)
    lowering.add_comment(*rule.comment);
  return Rule{lowering.take(), target_of(rule.verdict, direction)};
}

} // namespace nwgate::xtables
