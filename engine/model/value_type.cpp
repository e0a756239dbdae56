// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/model/value_type.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <span>
#include <vector>

namespace nwgate {
namespace {

struct Named {
  std::string_view name;
  std::uint32_t number;
};

constexpr std::array ether_types = {Named{"arp", 0x806}, Named{"rarp", 0x8035}, Named{"ipv4", 0x800},
                                    Named{"ipv6", 0x86dd}, Named{"vlan", 0x8100}};
// RFC 826, 903, 1931, 2390, 1577
constexpr std::array arp_opcodes = {Named{"Request", 1},       Named{"Reply", 2},         Named{"Request_Reverse", 3},
                                    Named{"Reply_Reverse", 4}, Named{"DRARP_Request", 5}, Named{"DRARP_Reply", 6},
                                    Named{"DRARP_Error", 7},   Named{"InARP_Request", 8}, Named{"ARP_NAK", 9}};
constexpr std::array ip_protocols = {Named{"tcp", 6},  Named{"udp", 17},   Named{"udplite", 136},
                                     Named{"esp", 50}, Named{"ah", 51},    Named{"icmp", 1},
                                     Named{"igmp", 2}, Named{"sctp", 132}, Named{"icmpv6", 58}};
constexpr std::array state_names = {Named{"NEW", connection_state::new_state},
                                    Named{"ESTABLISHED", connection_state::established},
                                    Named{"RELATED", connection_state::related},
                                    Named{"INVALID", connection_state::invalid}, Named{"NONE", connection_state::none}};
constexpr std::array tcp_flag_names = {Named{"FIN", 0x01}, Named{"SYN", 0x02}, Named{"RST", 0x04}, Named{"PSH", 0x08},
                                       Named{"ACK", 0x10}, Named{"URG", 0x20}, Named{"ALL", 0x3f}, Named{"NONE", 0}};

bool equal_ignoring_case(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right,
                            [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
}

std::optional<std::uint32_t> find_name(std::span<const Named> names, std::string_view text) {
  const auto found = std::ranges::find_if(names, [&](const Named &n) { return equal_ignoring_case(n.name, text); });
  return found == names.end() ? std::nullopt : std::optional(found->number);
}

std::optional<std::uint32_t> parse_base(std::string_view text, int base) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return number;
}

std::optional<std::uint32_t> parse_number(std::string_view text) {
  if (const auto decimal = parse_base(text, 10))
    return decimal;
  if (text.starts_with("0x") || text.starts_with("0X"))
    text.remove_prefix(2);
  return parse_base(text, 16);
}

std::optional<Literal> in_range(std::optional<std::uint32_t> number, std::uint32_t low, std::uint32_t high) {
  if (!number || *number < low || *number > high)
    return std::nullopt;
  return *number;
}

std::optional<Literal> name_or_number(std::span<const Named> names, std::string_view text, std::uint32_t low,
                                      std::uint32_t high) {
  if (const auto named = find_name(names, text))
    return *named;
  return in_range(parse_number(text), low, high);
}

template <typename Address> std::optional<Literal> parse_mask(std::string_view text, std::uint32_t bits) {
  if (const auto length = parse_base(text, 10))
    return in_range(length, 0, bits);
  const auto address = Address::parse(text);
  const auto length = address ? address->prefix_length() : std::nullopt;
  return length ? std::optional<Literal>(*length) : std::nullopt;
}

template <typename T> std::optional<Literal> literal(const std::optional<T> &value) {
  return value ? std::optional<Literal>(*value) : std::nullopt;
}

/// The words of a list separated by any of `separators`; empty words are left out.
std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> words;
  while (true) {
    const auto begin = text.find_first_not_of(separators);
    if (begin == text.npos)
      return words;
    text.remove_prefix(begin);
    const auto end = std::min(text.find_first_of(separators), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

std::optional<std::uint32_t> parse_bits(std::span<const Named> names, const std::vector<std::string_view> &words) {
  std::uint32_t bits = 0;
  for (const auto word : words) {
    const auto bit = find_name(names, word);
    if (!bit)
      return std::nullopt;
    bits |= *bit;
  }
  return words.empty() ? std::nullopt : std::optional(bits);
}

std::optional<Literal> parse_states(std::string_view text) {
  const auto bits = parse_bits(state_names, split(text, ", \t\n"));
  if (!bits)
    return std::nullopt;
  return (*bits & connection_state::none) != 0 ? connection_state::none : *bits;
}

std::optional<Literal> parse_tcp_flags(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == text.npos)
    return std::nullopt;
  const auto mask = parse_bits(tcp_flag_names, split(text.substr(0, slash), ", \t\n"));
  const auto compare = parse_bits(tcp_flag_names, split(text.substr(slash + 1), ", \t\n"));
  if (!mask || !compare)
    return std::nullopt;
  return *mask << 8U | *compare;
}

std::optional<Literal> parse_set_flags(std::string_view text) {
  // Kernel: IPSET_DIM_MAX is 6 words at this side of the interface.
  constexpr std::size_t max_dimensions = 6;
  const auto words = split(text, ",");
  if (words.empty() || words.size() > max_dimensions)
    return std::nullopt;
  std::string list;
  for (const auto word : words) {
    const bool source = equal_ignoring_case(word, "src");
    if (!source && !equal_ignoring_case(word, "dst"))
      return std::nullopt;
    list += list.empty() ? "" : ",";
    list += source ? "src" : "dst";
  }
  return list;
}

std::optional<Literal> parse_set_name(std::string_view text) {
  constexpr std::size_t max_length = 31; // IPSET_MAXNAMELEN less the terminator
  const bool legal = std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 || std::string_view("_.:-+ ").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (text.empty() || text.size() > max_length || !legal)
    return std::nullopt;
  return std::string(text);
}

std::optional<Literal> parse_boolean(std::string_view text) {
  if (text == "true" || text == "1" || text == "yes")
    return 1U;
  if (text == "false" || text == "0" || text == "no")
    return 0U;
  return std::nullopt;
}

} // namespace

std::optional<Literal> parse_value(ValueType type, std::string_view text) {
  switch (type) {
  case ValueType::u8:
    return in_range(parse_number(text), 0, 0xff);
  case ValueType::u16:
    return in_range(parse_number(text), 0, 0xffff);
  case ValueType::u32:
    return in_range(parse_number(text), 0, 0xffffffff);
  case ValueType::mac:
    return literal(MacAddress::parse(text));
  case ValueType::mac_mask: {
    const auto mask = MacAddress::parse(text);
    return mask && mask->is_mask() ? literal(mask) : std::nullopt;
  }
  case ValueType::ipv4:
    return literal(Ipv4Address::parse(text));
  case ValueType::ipv4_mask:
    return parse_mask<Ipv4Address>(text, 32);
  case ValueType::ipv6:
    return literal(Ipv6Address::parse(text));
  case ValueType::ipv6_mask:
    return parse_mask<Ipv6Address>(text, 128);
  case ValueType::boolean:
    return parse_boolean(text);
  case ValueType::comment:
    return text.size() <= max_comment ? std::optional<Literal>(std::string(text)) : std::nullopt;
  case ValueType::set_name:
    return parse_set_name(text);
  case ValueType::set_flags:
    return parse_set_flags(text);
  case ValueType::ether_type:
    return name_or_number(ether_types, text, 0x600, 0xffff);
  case ValueType::encapsulated_type:
    return name_or_number(ether_types, text, 0x3c, 0xffff);
  case ValueType::vlan_id:
    return in_range(parse_number(text), 0, 4095);
  case ValueType::arp_opcode:
    return name_or_number(arp_opcodes, text, 0, 0xffff);
  case ValueType::ip_protocol:
    return name_or_number(ip_protocols, text, 0, 0xff);
  case ValueType::dscp:
    return in_range(parse_number(text), 0, 63);
  case ValueType::connection_count:
    return in_range(parse_base(text, 10), 0, 0xffff);
  case ValueType::states:
    return parse_states(text);
  case ValueType::tcp_flags:
    return parse_tcp_flags(text);
  }
  return std::nullopt;
}

std::string_view describe(ValueType type) {
  switch (type) {
  case ValueType::u8:
    return "a number from 0 to 255";
  case ValueType::u16:
    return "a number from 0 to 65535";
  case ValueType::u32:
    return "a number from 0 to 4294967295";
  case ValueType::mac:
    return "a MAC address";
  case ValueType::mac_mask:
    return "a MAC mask (ones, then zeros)";
  case ValueType::ipv4:
    return "an IPv4 address";
  case ValueType::ipv4_mask:
    return "an IPv4 mask (0 to 32 or a contiguous dotted mask)";
  case ValueType::ipv6:
    return "an IPv6 address";
  case ValueType::ipv6_mask:
    return "an IPv6 mask (0 to 128 or a contiguous mask)";
  case ValueType::boolean:
    return "a boolean (true, yes, 1, false, no, 0)";
  case ValueType::comment:
    return "a text of at most 255 bytes";
  case ValueType::set_name:
    return "the name of an IP set (1 to 31 letters, digits, blanks, _ . : - +)";
  case ValueType::set_flags:
    return "a list of 1 to 6 words src or dst";
  case ValueType::ether_type:
    return "an Ethernet type (arp, rarp, ipv4, ipv6, vlan, or 0x600 to 0xffff)";
  case ValueType::encapsulated_type:
    return "an encapsulated type (arp, rarp, ipv4, ipv6, vlan, or 0x3c to 0xffff)";
  case ValueType::vlan_id:
    return "a VLAN id from 0 to 4095";
  case ValueType::arp_opcode:
    return "an ARP opcode (0 to 65535 or a name such as Request)";
  case ValueType::ip_protocol:
    return "an IP protocol (0 to 255 or a name such as tcp)";
  case ValueType::dscp:
    return "a DSCP from 0 to 63";
  case ValueType::connection_count:
    return "a decimal number from 0 to 65535";
  case ValueType::states:
    return "a list of NEW, ESTABLISHED, RELATED, INVALID, NONE";
  case ValueType::tcp_flags:
    return "TCP flags as MASK/FLAGS, lists of FIN, SYN, RST, PSH, ACK, URG, ALL, NONE";
  }
  return "a value";
}

} // namespace nwgate
