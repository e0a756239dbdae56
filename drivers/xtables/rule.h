// SPDX-License-Identifier: LGPL-2.1-or-later
/// Rules in the terms of ebtables, iptables and ip6tables: what those tools list, nothing of netlink.
#pragma once

#include "engine/net/ip_address.h"
#include "engine/net/mac_address.h"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace nwgate::xtables {

/// The three tables that the layout lives in: `bridge nat`, `ip filter`, `ip6 filter`.
enum class Family : std::uint8_t { bridge, ip, ip6 };

/// A value with the tools' `!` in front.
template <typename T> struct Term {
  T value{};
  bool negated = false;
  bool operator==(const Term &) const = default;
};

template <typename T> struct Range {
  T first{};
  T last{};
  bool operator==(const Range &) const = default;
};

struct MaskedMac {
  MacAddress address;
  MacAddress mask = MacAddress::all_ones();
  bool operator==(const MaskedMac &) const = default;
};
struct MaskedIpv4 {
  Ipv4Address address;
  Ipv4Address mask = Ipv4Address::mask(32);
  bool operator==(const MaskedIpv4 &) const = default;
};
struct MaskedIpv6 {
  Ipv6Address address;
  Ipv6Address mask = Ipv6Address::mask(128);
  bool operator==(const MaskedIpv6 &) const = default;
};

enum class Side : std::uint8_t { source, destination };

// --- matches of any family -----------------------------------------------------------------------------

/// `-i NAME` (source) or `-o NAME` (destination). A name that ends in `+` is a prefix.
struct Interface {
  Side side{};
  Term<std::string> name;
  bool operator==(const Interface &) const = default;
};

// --- matches of ebtables -------------------------------------------------------------------------------

/// `-s MAC[/MASK]` or `-d MAC[/MASK]`.
struct EtherAddress {
  Side side{};
  Term<MaskedMac> address;
  bool operator==(const EtherAddress &) const = default;
};
/// `-p TYPE`, host byte order.
struct EtherType {
  Term<std::uint16_t> type;
  bool operator==(const EtherType &) const = default;
};
/// ebtables' `ip` match (struct ebt_ip_info). Ports ranges are inclusive.
struct EbIp {
  std::optional<Term<MaskedIpv4>> source, destination;
  std::optional<Term<std::uint8_t>> tos;
  std::optional<Term<std::uint8_t>> protocol;
  std::optional<Term<Range<std::uint16_t>>> source_port, destination_port;
  bool operator==(const EbIp &) const = default;
};
/// `--ip6-icmp-type T1:T2/C1:C2`.
struct Icmp6Range {
  Range<std::uint8_t> type, code;
  bool operator==(const Icmp6Range &) const = default;
};
/// ebtables' `ip6` match (struct ebt_ip6_info).
struct EbIp6 {
  std::optional<Term<MaskedIpv6>> source, destination;
  std::optional<Term<std::uint8_t>> traffic_class;
  std::optional<Term<std::uint8_t>> protocol;
  std::optional<Term<Range<std::uint16_t>>> source_port, destination_port;
  std::optional<Term<Icmp6Range>> icmp_type;
  bool operator==(const EbIp6 &) const = default;
};
/// ebtables' `arp` match (struct ebt_arp_info), for ARP and RARP.
struct EbArp {
  std::optional<Term<std::uint16_t>> hardware_type, opcode, protocol_type;
  std::optional<Term<MaskedIpv4>> source_ip, destination_ip;
  std::optional<Term<MaskedMac>> source_mac, destination_mac;
  /// The value is always true; only the negation speaks.
  std::optional<Term<bool>> gratuitous;
  bool operator==(const EbArp &) const = default;
};
/// ebtables' `vlan` match (struct ebt_vlan_info).
struct EbVlan {
  std::optional<Term<std::uint16_t>> id;
  std::optional<Term<std::uint8_t>> priority;
  std::optional<Term<std::uint16_t>> encapsulated;
  bool operator==(const EbVlan &) const = default;
};
/// ebtables' `stp` match (struct ebt_stp_info).
struct EbStp {
  std::optional<Term<std::uint8_t>> type, flags;
  std::optional<Term<Range<std::uint16_t>>> root_priority, sender_priority, port, message_age, max_age, hello_time,
      forward_delay;
  std::optional<Term<Range<std::uint32_t>>> root_cost;
  std::optional<Term<MaskedMac>> root_address, sender_address;
  bool operator==(const EbStp &) const = default;
};

// --- matches of iptables and ip6tables -----------------------------------------------------------------

/// `-s` or `-d` of iptables. The address is already masked.
struct Ipv4Match {
  Side side{};
  Term<MaskedIpv4> address;
  bool operator==(const Ipv4Match &) const = default;
};
/// `-s` or `-d` of ip6tables. The address is already masked.
struct Ipv6Match {
  Side side{};
  Term<MaskedIpv6> address;
  bool operator==(const Ipv6Match &) const = default;
};
/// `-p PROTOCOL`.
struct Protocol {
  Term<std::uint8_t> protocol;
  bool operator==(const Protocol &) const = default;
};
/// `-m mac --mac-source MAC`.
struct MacSource {
  Term<MacAddress> address;
  bool operator==(const MacSource &) const = default;
};
/// `-m iprange --src-range A-B --dst-range A-B`, IPv4.
struct Ipv4Range {
  std::optional<Term<Range<Ipv4Address>>> source, destination;
  bool operator==(const Ipv4Range &) const = default;
};
/// The same for IPv6.
struct Ipv6Range {
  std::optional<Term<Range<Ipv6Address>>> source, destination;
  bool operator==(const Ipv6Range &) const = default;
};
/// `-m dscp --dscp N`.
struct Dscp {
  Term<std::uint8_t> dscp;
  bool operator==(const Dscp &) const = default;
};
/// TCP flags of which `mask` are looked at and `compare` must be set.
struct TcpFlags {
  std::uint8_t mask = 0;
  std::uint8_t compare = 0;
  bool operator==(const TcpFlags &) const = default;
};
/// `-m tcp ...`.
struct Tcp {
  std::optional<Term<Range<std::uint16_t>>> source_port, destination_port;
  std::optional<Term<TcpFlags>> flags;
  std::optional<Term<std::uint8_t>> option;
  bool operator==(const Tcp &) const = default;
};
/// `-m udp ...`.
struct Udp {
  std::optional<Term<Range<std::uint16_t>>> source_port, destination_port;
  bool operator==(const Udp &) const = default;
};
/// `-m sctp ...`.
struct Sctp {
  std::optional<Term<Range<std::uint16_t>>> source_port, destination_port;
  bool operator==(const Sctp &) const = default;
};
struct IcmpType {
  std::uint8_t type = 0;
  /// 0 to 255 when the rule names no code.
  Range<std::uint8_t> code{0, 255};
  bool operator==(const IcmpType &) const = default;
};
/// `-m icmp --icmp-type T[/C]`, or `-m icmp6 --icmpv6-type` in family ip6.
struct Icmp {
  Term<IcmpType> type;
  bool operator==(const Icmp &) const = default;
};
/// `-m conntrack --ctstate LIST`: bits of XT_CONNTRACK_STATE_* (linux/netfilter/xt_conntrack.h).
struct ConntrackState {
  Term<std::uint16_t> states;
  bool operator==(const ConntrackState &) const = default;
};
/// `-m conntrack --ctdir ORIGINAL|REPLY`.
struct ConntrackDirection {
  bool reply = false;
  bool operator==(const ConntrackDirection &) const = default;
};
/// `-m set --match-set NAME FLAGS`; `source` has one entry a dimension, true for `src`. 1 to 6 of them.
struct SetMatch {
  Term<std::string> name;
  std::vector<Side> dimensions;
  bool operator==(const SetMatch &) const = default;
};
/// `-m connlimit --connlimit-above N --connlimit-mask M --connlimit-saddr`; M is 32, or 128 in ip6.
struct ConnLimit {
  Term<std::uint32_t> above;
  bool operator==(const ConnLimit &) const = default;
};
/// `-m cgroup --path PATH`, from the root of cgroup2 on, or `-m cgroup --cgroup CLASSID`.
struct Cgroup {
  std::variant<std::string, std::uint32_t> cgroup;
  bool negated = false;
  bool operator==(const Cgroup &) const = default;
};
/// `-m comment --comment TEXT`, at most 255 bytes.
struct Comment {
  std::string text;
  bool operator==(const Comment &) const = default;
};
/// `-m physdev ...`.
struct Physdev {
  std::optional<Term<std::string>> in, out;
  bool is_bridged = false;
  bool operator==(const Physdev &) const = default;
};

using Match = std::variant<Interface, EtherAddress, EtherType, EbIp, EbIp6, EbArp, EbVlan, EbStp, Ipv4Match, Ipv6Match,
                           Protocol, MacSource, Ipv4Range, Ipv6Range, Dscp, Tcp, Udp, Sctp, Icmp, ConntrackState,
                           ConntrackDirection, SetMatch, ConnLimit, Cgroup, Comment, Physdev>;

// --- targets -------------------------------------------------------------------------------------------

enum class Verdict : std::uint8_t { accept, drop, return_to_caller };

/// `-j CHAIN`, or `-g CHAIN` for go_to.
struct Jump {
  std::string chain;
  bool go_to = false;
  bool operator==(const Jump &) const = default;
};
/// `-j REJECT --reject-with icmp-port-unreachable` (`icmp6-port-unreachable` in ip6).
struct Reject {
  bool operator==(const Reject &) const = default;
};
/// ebtables' `-j CONTINUE`; in iptables a rule without `-j`.
struct Continue {
  bool operator==(const Continue &) const = default;
};

using Target = std::variant<Verdict, Jump, Reject, Continue>;

/// One rule, in the order in which the tools list it.
struct Rule {
  std::vector<Match> matches;
  Target target;
  bool operator==(const Rule &) const = default;
};

} // namespace nwgate::xtables
