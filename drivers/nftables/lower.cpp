// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/nftables/lower.h"

#include "drivers/netlink/handles.h"
#include "drivers/netlink/user_data.h"
#include "drivers/nftables/fields.h"
#include "drivers/nftables/key_tails.h"
#include "drivers/xtables/lower_bridge.h"
#include "drivers/xtables/lower_ip.h"
#include "drivers/xtables/origin_data.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstring>
#include <fmt/format.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <new>

namespace nwgate::nftables {
namespace {

using netlink::ExpressionList;
using netlink::Register;

/// The register behind all keys.
constexpr Register scratch{15};
/// libnftnl's comment, which nft(8) lists (NFTNL_UDATA_RULE_COMMENT).
constexpr std::uint8_t type_comment = 0;

template <typename Number> std::array<std::uint8_t, sizeof(Number)> native_bytes(Number number) {
  std::array<std::uint8_t, sizeof(Number)> bytes{};
  std::memcpy(bytes.data(), &number, sizeof number);
  return bytes;
}

const Literal &literal(const Match &match, std::size_t index) { return std::get<Literal>(match.operands.at(index)); }

std::uint32_t number(const Match &match, std::size_t index = 0) {
  return std::get<std::uint32_t>(literal(match, index));
}

/// nf_conntrack's states as `ct state` has them: NF_CT_STATE_BIT of the kernel.
std::uint32_t state_bits(std::uint32_t states) {
  const auto bit = [](int info) { return 1U << static_cast<unsigned>(info + 1); };
  std::uint32_t bits = 0;
  if ((states & connection_state::new_state) != 0)
    bits |= bit(IP_CT_NEW);
  if ((states & connection_state::established) != 0)
    bits |= bit(IP_CT_ESTABLISHED);
  if ((states & connection_state::related) != 0)
    bits |= bit(IP_CT_RELATED);
  if ((states & connection_state::invalid) != 0)
    bits |= NF_CT_STATE_INVALID_BIT;
  return bits;
}

template <typename Address> std::vector<std::uint8_t> to_bytes(const Address &address) {
  return {address.bytes.begin(), address.bytes.end()};
}

class RuleWriter {
public:
  RuleWriter(const ProgramRule &rule, const RulePlan &plan, const Place &place, const RuleNames &names,
             const xtables::SetIndex &sets)
      : rule_(rule), plan_(plan), place_(place), names_(names), sets_(sets) {}

  std::variant<netlink::RuleContent, std::string> run() {
    for (std::size_t i = 0; i < rule_.matches.size(); ++i)
      if (auto why = write(i))
        return std::move(*why);
    out_.counter();
    write_verdict();
    return netlink::RuleContent{out_.bytes(), mark(), compat_protocol_};
  }

  std::optional<netlink::RuleContent> run_guard() {
    const bool is_sctp = protocol() == std::uint32_t{IPPROTO_SCTP};
    const auto guarded = std::ranges::find_if(rule_.matches, [&](const Match &match) {
      return match.field == Field::icmp_type || match.field == Field::icmp6_type ||
             (is_sctp && (match.field == Field::th_sport || match.field == Field::th_dport));
    });
    if (has_extensions() || place_.family == netlink::Family::netdev || in_ethernet_layer() ||
        guarded == rule_.matches.end())
      return std::nullopt;
    for (std::size_t i = 0; i < static_cast<std::size_t>(guarded - rule_.matches.begin()); ++i)
      if (write(i))
        return std::nullopt;
    out_.verdict(NFT_JUMP, is_sctp ? names_.whole_sctp() : names_.whole_icmp());
    return netlink::RuleContent{out_.bytes(), mark(), compat_protocol_};
  }

private:
  [[nodiscard]] bool in_ethernet_layer() const { return place_.layer == Layer::ethernet; }
  /// Whether the kernel has the matches of the xtables tools there.
  [[nodiscard]] bool has_extensions() const {
    return place_.family != netlink::Family::netdev && place_.family != netlink::Family::inet &&
           (place_.family != netlink::Family::bridge || in_ethernet_layer());
  }

  std::optional<std::string> write(std::size_t index) {
    const auto &match = rule_.matches[index];
    if (place_.ether_type && match.field == Field::ether_type && !match.negated && match.form == Form::single &&
        match.operands.front() == Operand(Literal(*place_.ether_type)))
      return std::nullopt;
    if (place_.family == netlink::Family::inet && match.field <= Field::arp_gratuitous)
      return write_ip_version(match);
    if (needs_extension_beside(match.field))
      if (auto why = write_extension())
        return why;
    if (plan_.stands_for(index)) {
      write_lookup(index);
      return std::nullopt;
    }
    if (match.form == Form::range && literal(match, 1) < literal(match, 0))
      return fmt::format("the range of {} runs backwards", info_of(match.field).name);
    if (is_native(match)) {
      write_native(match);
      return std::nullopt;
    }
    if (!has_extensions())
      return write_without_extensions(match);
    return in_ethernet_layer() || is_transport(match.field) ? write_extension() : write_alone(match);
  }

  // --- nf_tables' own expressions

  [[nodiscard]] bool has(Field field) const {
    return std::ranges::find(rule_.matches, field, &Match::field) != rule_.matches.end();
  }

  [[nodiscard]] std::optional<std::uint32_t> protocol() const {
    for (const auto &match : rule_.matches)
      if ((match.field == Field::ip_protocol || match.field == Field::ip6_protocol) && !match.negated)
        if (const auto *value = std::get_if<Literal>(&match.operands.front()))
          return std::get<std::uint32_t>(*value);
    return std::nullopt;
  }

  [[nodiscard]] static bool is_transport(Field field) {
    return field == Field::th_sport || field == Field::th_dport || field == Field::tcp_flags ||
           field == Field::tcp_option;
  }

  [[nodiscard]] bool is_native(const Match &match) const {
    switch (match.field) {
    case Field::ether_src:
    case Field::ether_dst:
    case Field::ether_type:
    case Field::ip_saddr:
    case Field::ip_daddr:
    case Field::ip6_saddr:
    case Field::ip6_daddr:
    case Field::ip_protocol:
    case Field::ip_dscp:
    case Field::ip6_dscp:
    case Field::ct_state:
    case Field::ct_direction:
      return true;
    case Field::ip6_protocol:
      return !in_ethernet_layer();
    case Field::arp_sha:
    case Field::arp_tha:
    case Field::arp_spa:
    case Field::arp_tpa:
      return true;
    case Field::vlan_id:
    case Field::arp_htype:
    case Field::arp_ptype:
    case Field::arp_op:
      return match.form == Form::single;
    case Field::th_sport:
    case Field::th_dport:
    case Field::tcp_flags:
      return !in_ethernet_layer() && protocol() != std::uint32_t{IPPROTO_SCTP} && !has(Field::tcp_option);
    default:
      return false;
    }
  }

  void write_native(const Match &match) {
    switch (match.field) {
    case Field::ct_state: {
      out_.ct(NFT_CT_STATE, {0});
      out_.bitwise_and({0}, {0}, native_bytes(state_bits(number(match))));
      out_.compare({0}, match.negated ? NFT_CMP_EQ : NFT_CMP_NEQ, native_bytes(std::uint32_t{0}));
      return;
    }
    case Field::ct_direction:
      out_.ct(NFT_CT_DIRECTION, {0});
      out_.compare({0}, relation(match), native_bytes(static_cast<std::uint8_t>(number(match))));
      return;
    case Field::tcp_flags:
      out_.payload(NFT_PAYLOAD_TRANSPORT_HEADER, 13, 1, {0});
      out_.bitwise_and({0}, {0}, native_bytes(static_cast<std::uint8_t>(number(match, 1))));
      out_.compare({0}, relation(match), native_bytes(static_cast<std::uint8_t>(number(match, 0))));
      return;
    case Field::ip_protocol:
    case Field::ip6_protocol:
      if (in_ethernet_layer())
        break;
      out_.meta(NFT_META_L4PROTO, {0});
      out_.compare({0}, relation(match), native_bytes(static_cast<std::uint8_t>(number(match))));
      return;
    default:
      break;
    }
    load_field(match.field, place_.layer, {0}, scratch, out_);
    const auto [encoding, length] = shape_of(match.field);
    const auto value = [&, encoding = encoding, length = length](std::size_t index) { // Clang 14
      auto bytes = encoded(literal(match, index), encoding);
      bytes.resize(length);
      return bytes;
    };
    if (match.form == Form::range) {
      out_.range({0}, value(0), value(1), match.negated);
      return;
    }
    auto wanted = value(0);
    if (match.form == Form::masked) {
      const auto mask = mask_of(match);
      for (std::size_t i = 0; i < wanted.size(); ++i)
        wanted[i] = static_cast<std::uint8_t>(wanted[i] & mask.at(i));
      if (std::ranges::any_of(mask, [](std::uint8_t byte) { return byte != 0xff; }))
        out_.bitwise_and({0}, {0}, mask);
    }
    out_.compare({0}, relation(match), wanted);
  }

  /// All that a socket's packet has of an Ethernet header.
  std::optional<std::string> write_ip_version(const Match &match) {
    const bool is_type = match.field == Field::ether_type && match.form == Form::single;
    const auto type = is_type ? number(match) : 0;
    if (type != ETH_P_IP && type != ETH_P_IPV6)
      return fmt::format("a socket's packets have no {}", info_of(match.field).name);
    out_.meta(NFT_META_NFPROTO, {0});
    out_.compare({0}, relation(match),
                 native_bytes(static_cast<std::uint8_t>(type == ETH_P_IP ? NFPROTO_IPV4 : NFPROTO_IPV6)));
    return std::nullopt;
  }

  /// At a device's own hooks, and for IP in the bridge family and inet, there are no matches of the xtables tools.
  /// Others come close: they differ where the transport header stands behind AH, is not in a fragment, or is cut off.
  /// The last is made up for by run_guard().
  std::optional<std::string> write_without_extensions(const Match &match) {
    constexpr std::uint32_t stp_header = 6;
    switch (match.field) {
    case Field::vlan_type:
      out_.meta(NFT_META_PROTOCOL, {0});
      compare_range(match, 2, 0);
      return std::nullopt;
    case Field::ip6_protocol:
      out_.meta(NFT_META_L4PROTO, {0});
      compare_range(match, 1, 0);
      return std::nullopt;
    case Field::th_sport:
    case Field::th_dport:
      require_ports(match.field);
      out_.payload(NFT_PAYLOAD_TRANSPORT_HEADER, match.field == Field::th_sport ? 0 : 2, 2, {0});
      compare_range(match, 2, 0);
      return std::nullopt;
    case Field::icmp_type:
    case Field::icmp6_type:
      require_ports(match.field);
      if (match.form == Form::single || match.form == Form::pair) {
        write_icmp(match);
        return std::nullopt;
      }
      if (match.negated)
        break; // of a type and a code at once
      for (const std::uint32_t part : {0U, 1U}) {
        out_.payload(NFT_PAYLOAD_TRANSPORT_HEADER, part, 1, {0});
        compare_range(match, 1, 2UL * part);
      }
      return std::nullopt;
    default:
      if (match.field < Field::stp_type || match.field > Field::stp_forward_delay)
        break;
      const auto [offset, length] = stp_place(match.field);
      constexpr std::array<std::uint8_t, 6> bpdu{0x42, 0x42, 0x03, 0x00, 0x00, 0x00};
      out_.payload(NFT_PAYLOAD_NETWORK_HEADER, 0, stp_header, {0});
      out_.compare({0}, NFT_CMP_EQ, bpdu);
      if (match.field != Field::stp_type)
        out_.payload(NFT_PAYLOAD_NETWORK_HEADER, stp_header + 30, 1, scratch); // the whole of it
      out_.payload(NFT_PAYLOAD_NETWORK_HEADER, offset, length, {0});
      if (match.form == Form::masked)
        out_.bitwise_and({0}, {0}, to_bytes(std::get<MacAddress>(literal(match, 1))));
      compare_range(match, length, 0);
      return std::nullopt;
    }
    return fmt::format("these hooks of the kernel have no match for {}", info_of(match.field).name);
  }

  /// The matches of ebtables look at no header of the protocol of which there are less than four bytes.
  void require_ports(Field field) {
    if (in_ethernet_layer() && !has_extensions() && field != Field::th_dport) // which ends there itself
      out_.payload(NFT_PAYLOAD_TRANSPORT_HEADER, 3, 1, scratch);
  }

  void write_icmp(const Match &match) {
    constexpr std::uint32_t any_type = 255; // of ICMPv4, to the xtables tools
    const std::uint32_t length = match.form == Form::pair ? 2 : 1;
    out_.payload(NFT_PAYLOAD_TRANSPORT_HEADER, 0, length, {0});
    if (match.field == Field::icmp_type && number(match) == any_type) {
      out_.compare({0}, match.negated ? NFT_CMP_LT : NFT_CMP_GTE, std::vector<std::uint8_t>(length));
      return;
    }
    std::vector<std::uint8_t> bytes;
    for (std::size_t i = 0; i < length; ++i)
      bytes.push_back(static_cast<std::uint8_t>(number(match, i)));
    out_.compare({0}, relation(match), bytes);
  }

  /// Compares register 0 with one operand, or the range of two that begins at `first`.
  void compare_range(const Match &match, std::uint32_t length, std::size_t first) {
    const auto bytes = [&](std::size_t index) {
      if (const auto *mac = std::get_if<MacAddress>(&literal(match, index)))
        return to_bytes(match.form == Form::masked ? *mac & std::get<MacAddress>(literal(match, 1)) : *mac);
      std::vector<std::uint8_t> big_endian(length);
      for (std::uint32_t i = 0; i < length; ++i)
        big_endian[i] = static_cast<std::uint8_t>(number(match, index) >> 8 * (length - 1 - i));
      return big_endian;
    };
    if (match.form == Form::range || match.form == Form::range_pair)
      out_.range({0}, bytes(first), bytes(first + 1), match.negated);
    else
      out_.compare({0}, relation(match), bytes(first));
  }

  static std::uint32_t relation(const Match &match) { return match.negated ? NFT_CMP_NEQ : NFT_CMP_EQ; }

  static std::pair<KeyPart::Encoding, std::uint32_t> shape_of(Field field) {
    using Encoding = KeyPart::Encoding;
    switch (field) {
    case Field::ether_src:
    case Field::ether_dst:
    case Field::arp_sha:
    case Field::arp_tha:
      return {Encoding::mac, 6};
    case Field::ip_saddr:
    case Field::ip_daddr:
    case Field::arp_spa:
    case Field::arp_tpa:
      return {Encoding::ipv4, 4};
    case Field::ip6_saddr:
    case Field::ip6_daddr:
      return {Encoding::ipv6, 16};
    case Field::ip_protocol:
      return {Encoding::u8, 1};
    case Field::ip_dscp:
      return {Encoding::dscp, 1};
    case Field::ip6_dscp:
      return {Encoding::dscp6, 2};
    default:
      return {Encoding::u16, 2};
    }
  }

  static std::vector<std::uint8_t> mask_of(const Match &match) {
    const auto &mask = literal(match, 1);
    if (const auto *mac = std::get_if<MacAddress>(&mask))
      return to_bytes(*mac);
    const auto length = std::get<std::uint32_t>(mask);
    return std::holds_alternative<Ipv4Address>(literal(match, 0)) ? to_bytes(Ipv4Address::mask(length))
                                                                  : to_bytes(Ipv6Address::mask(length));
  }

  // --- lookups

  void write_lookup(std::size_t index) {
    for (const auto &lookup : plan_.lookups)
      if (lookup.matches.front() == index)
        write(lookup);
  }

  void write(const RuleLookup &lookup) {
    place_.key.load(out_);
    Register to{place_.key.length() / 4};
    for (const auto index : lookup.matches) {
      const auto &match = rule_.matches[index];
      if (match.field == Field::th_sport)
        require_ports(match.field);
      load_field(match.field, place_.layer, to, scratch, out_);
      if (match.form == Form::masked && std::holds_alternative<Literal>(match.operands[1]))
        mask_literally(match, to);
      to.word += (KeyPart{*encoding_of(match, rule_, place_.layer), {}, {}, {}}.length() + 3) / 4;
    }
    out_.lookup(names_.set(lookup.lookup), {0}, lookup.negated);
  }

  void mask_literally(const Match &match, Register place) {
    const auto &mask = literal(match, 1);
    if (const auto *mac = std::get_if<MacAddress>(&mask)) {
      out_.bitwise_and(place, place, to_bytes(*mac));
      return;
    }
    const auto length = std::get<std::uint32_t>(mask);
    const bool is_ipv4 = match.field == Field::ip_saddr || match.field == Field::ip_daddr ||
                         match.field == Field::arp_spa || match.field == Field::arp_tpa;
    if (is_ipv4 && length < 32)
      out_.bitwise_and(place, place, to_bytes(Ipv4Address::mask(length)));
    else if (!is_ipv4 && length < 128)
      out_.bitwise_and(place, place, to_bytes(Ipv6Address::mask(length)));
  }

  // --- the extensions of the xtables tools

  [[nodiscard]] xtables::Family xt_family() const {
    return in_ethernet_layer()           ? xtables::Family::bridge
           : place_.layer == Layer::ipv4 ? xtables::Family::ip
                                         : xtables::Family::ip6;
  }

  /// Ports that are looked up exist in the sense of the extension that finds them in the other layout.
  [[nodiscard]] bool needs_extension_beside(Field field) const {
    return (field == Field::th_sport || field == Field::th_dport) && has_extensions() &&
           (in_ethernet_layer() || protocol() == std::uint32_t{IPPROTO_SCTP});
  }

  /// All matches of the rule that make one extension together.
  std::optional<std::string> write_extension() {
    if (extension_written_)
      return std::nullopt;
    extension_written_ = true;
    ProgramRule part;
    const bool has_ports = has(Field::th_sport) || has(Field::th_dport);
    for (std::size_t i = 0; i < rule_.matches.size(); ++i) {
      const auto &match = rule_.matches[i];
      const bool is_context = match.field == Field::ether_type ||
                              ((!in_ethernet_layer() || has_ports) &&
                               (match.field == Field::ip_protocol || match.field == Field::ip6_protocol));
      const bool belongs = in_ethernet_layer() ? !is_native(match) : is_transport(match.field);
      if ((is_context || belongs) && !plan_.stands_for(i))
        part.matches.push_back(match);
    }
    return append_extensions(part, has_ports);
  }

  std::optional<std::string> write_alone(const Match &match) {
    ProgramRule part;
    for (const auto &other : rule_.matches)
      if (other.field == Field::ip_protocol || other.field == Field::ip6_protocol)
        part.matches.push_back(other);
    part.matches.push_back(match);
    return append_extensions(part, false);
  }

  std::optional<std::string> append_extensions(const ProgramRule &part, bool has_ports) {
    std::vector<xtables::Match> matches;
    if (in_ethernet_layer()) {
      auto lowered = xtables::lower_bridge(part, {}, {});
      if (auto *why = std::get_if<std::string>(&lowered))
        return std::move(*why);
      matches = std::move(std::get<xtables::BridgeRules>(lowered).rules.front().matches);
    } else {
      auto lowered = xtables::lower_ip(part, place_.direction);
      if (auto *why = std::get_if<std::string>(&lowered))
        return std::move(*why);
      matches = std::move(std::get<xtables::Rule>(lowered).matches);
    }
    if (has_ports)
      ask_for_ports(matches);
    const netlink::NftRule rule(nftnl_rule_alloc());
    if (!rule)
      throw std::bad_alloc();
    if (auto why = xtables::encode_extensions(matches, xt_family(), sets_, *rule))
      return why;
    out_.append(*rule);
    compat_protocol_ = in_ethernet_layer() ? htons(ether_type()) : protocol().value_or(0);
    return std::nullopt;
  }

  [[nodiscard]] std::uint16_t ether_type() const {
    for (const auto &match : rule_.matches)
      if (match.field == Field::ether_type && !match.negated)
        return static_cast<std::uint16_t>(number(match));
    return 0;
  }

  /// A match that asks for any ports, where those that are looked up leave none.
  void ask_for_ports(std::vector<xtables::Match> &matches) const {
    constexpr xtables::Range<std::uint16_t> every{0, 0xffff};
    const auto has_match = [&]<typename M>(std::in_place_type_t<M> /*kind*/) {
      return std::ranges::any_of(matches, [](const xtables::Match &m) { return std::holds_alternative<M>(m); });
    };
    if (!in_ethernet_layer()) {
      if (protocol() == std::uint32_t{IPPROTO_SCTP} && !has_match(std::in_place_type<xtables::Sctp>))
        matches.emplace_back(xtables::Sctp{});
      return;
    }
    for (auto &match : matches)
      if (auto *ip = std::get_if<xtables::EbIp>(&match); ip != nullptr && !ip->source_port && !ip->destination_port)
        ip->source_port = {every, false};
  }

  // --- the rest

  void write_verdict() {
    const bool in_ip_layer = !in_ethernet_layer();
    switch (rule_.verdict) {
    case VerdictKind::accept:
      write_accept();
      break;
    case VerdictKind::drop:
      out_.verdict(NFT_GOTO, names_.drop());
      break;
    case VerdictKind::reject:
      out_.verdict(NFT_GOTO, in_ip_layer ? names_.reject() : names_.drop());
      break;
    case VerdictKind::return_to_caller:
      if (in_ip_layer)
        write_accept();
      else
        out_.verdict(NFT_RETURN);
      break;
    case VerdictKind::jump:
      out_.verdict(NFT_JUMP, names_.chain(rule_.jump_target));
      break;
    case VerdictKind::continue_with_next:
      break;
    }
  }

  void write_accept() {
    if (names_.accept().empty())
      out_.verdict(NF_ACCEPT);
    else
      out_.verdict(NFT_GOTO, names_.accept());
  }

  [[nodiscard]] std::vector<std::uint8_t> mark() const {
    if (!rule_.origin)
      return xtables::owner_mark({});
    auto data = xtables::rule_mark(xtables::origin_text(rule_));
    if (rule_.comment && data.size() + rule_.comment->size() + 3 <= netlink::user_data_limit) {
      data.push_back(type_comment);
      data.push_back(static_cast<std::uint8_t>(rule_.comment->size() + 1));
      data.insert(data.end(), rule_.comment->begin(), rule_.comment->end());
      data.push_back(0);
    }
    return data;
  }

  const ProgramRule &rule_;
  const RulePlan &plan_;
  const Place &place_;
  const RuleNames &names_;
  const xtables::SetIndex &sets_;
  ExpressionList out_;
  std::uint32_t compat_protocol_ = 0;
  bool extension_written_ = false;
};

} // namespace

std::variant<netlink::RuleContent, std::string> lower(const ProgramRule &rule, const RulePlan &plan, const Place &place,
                                                      const RuleNames &names, const xtables::SetIndex &sets) {
  return RuleWriter(rule, plan, place, names, sets).run();
}

std::optional<netlink::RuleContent> lower_guard(const ProgramRule &rule, const RulePlan &plan, const Place &place,
                                                const RuleNames &names, const xtables::SetIndex &sets) {
  return RuleWriter(rule, plan, place, names, sets).run_guard();
}

} // namespace nwgate::nftables
