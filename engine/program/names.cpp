// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/program/names.h"

#include <algorithm>
#include <array>
#include <span>
#include <stdexcept>

namespace nwgate {
namespace {

template <typename Enum> struct Name {
  Enum value;
  std::string_view text;
};

constexpr std::array<Name<Layer>, 3> layers = {
    {{Layer::ethernet, "ethernet"}, {Layer::ipv4, "ipv4"}, {Layer::ipv6, "ipv6"}}};
constexpr std::array<Name<Direction>, 2> directions = {{{Direction::out, "out"}, {Direction::in, "in"}}};
constexpr std::array<Name<VerdictKind>, 6> verdicts = {{{VerdictKind::accept, "accept"},
                                                        {VerdictKind::drop, "drop"},
                                                        {VerdictKind::reject, "reject"},
                                                        {VerdictKind::return_to_caller, "return"},
                                                        {VerdictKind::continue_with_next, "continue"},
                                                        {VerdictKind::jump, "jump"}}};
constexpr std::array<Name<ValueType>, 22> value_types = {{{ValueType::u8, "u8"},
                                                          {ValueType::u16, "u16"},
                                                          {ValueType::u32, "u32"},
                                                          {ValueType::mac, "mac"},
                                                          {ValueType::mac_mask, "mac_mask"},
                                                          {ValueType::ipv4, "ipv4"},
                                                          {ValueType::ipv4_mask, "ipv4_mask"},
                                                          {ValueType::ipv6, "ipv6"},
                                                          {ValueType::ipv6_mask, "ipv6_mask"},
                                                          {ValueType::boolean, "boolean"},
                                                          {ValueType::comment, "comment"},
                                                          {ValueType::set_name, "set_name"},
                                                          {ValueType::set_flags, "set_flags"},
                                                          {ValueType::ether_type, "ether_type"},
                                                          {ValueType::encapsulated_type, "encapsulated_type"},
                                                          {ValueType::vlan_id, "vlan_id"},
                                                          {ValueType::arp_opcode, "arp_opcode"},
                                                          {ValueType::ip_protocol, "ip_protocol"},
                                                          {ValueType::dscp, "dscp"},
                                                          {ValueType::connection_count, "connection_count"},
                                                          {ValueType::states, "states"},
                                                          {ValueType::tcp_flags, "tcp_flags"}}};
using Bit = Name<std::uint32_t>;
constexpr std::array state_bits = {
    Bit{connection_state::new_state, "new"}, Bit{connection_state::established, "established"},
    Bit{connection_state::related, "related"}, Bit{connection_state::invalid, "invalid"}};
constexpr std::array tcp_flag_bits = {Bit{0x01, "fin"}, Bit{0x02, "syn"}, Bit{0x04, "rst"},
                                      Bit{0x08, "psh"}, Bit{0x10, "ack"}, Bit{0x20, "urg"}};

template <typename Enum, std::size_t Size>
std::string_view text_of(const std::array<Name<Enum>, Size> &names, Enum value) {
  const auto *found = std::ranges::find(names, value, &Name<Enum>::value);
  if (found == names.end())
    throw std::logic_error("a value without a name");
  return found->text;
}

template <typename Enum, std::size_t Size>
std::optional<Enum> value_of(const std::array<Name<Enum>, Size> &names, std::string_view text) {
  const auto *found = std::ranges::find(names, text, &Name<Enum>::text);
  return found == names.end() ? std::nullopt : std::optional(found->value);
}

std::string bits_to_text(std::span<const Bit> names, std::uint32_t bits) {
  std::string text;
  for (const auto &bit : names)
    if ((bits & bit.value) != 0)
      text.append(text.empty() ? "" : "|").append(bit.text);
  return text.empty() ? "none" : text;
}

template <std::size_t Size>
std::optional<std::uint32_t> parse_bits(const std::array<Bit, Size> &names, std::string_view text) {
  if (text == "none")
    return 0;
  std::uint32_t bits = 0;
  while (true) {
    const auto end = std::min(text.find('|'), text.size());
    const auto bit = value_of(names, text.substr(0, end));
    if (!bit)
      return std::nullopt;
    bits |= *bit;
    if (end == text.size())
      return bits;
    text.remove_prefix(end + 1);
  }
}

} // namespace

std::string_view name_of(Layer layer) { return text_of(layers, layer); }
std::string_view name_of(Direction direction) { return text_of(directions, direction); }
std::string_view name_of(VerdictKind verdict) { return text_of(verdicts, verdict); }
std::string_view name_of(ValueType type) { return text_of(value_types, type); }
std::optional<Layer> find_layer(std::string_view name) { return value_of(layers, name); }
std::optional<Direction> find_direction(std::string_view name) { return value_of(directions, name); }
std::optional<VerdictKind> find_verdict(std::string_view name) { return value_of(verdicts, name); }
std::optional<ValueType> find_value_type(std::string_view name) { return value_of(value_types, name); }
std::string states_to_text(std::uint32_t states) { return bits_to_text(state_bits, states); }
std::optional<std::uint32_t> parse_states(std::string_view text) { return parse_bits(state_bits, text); }
std::string tcp_flags_to_text(std::uint32_t flags) { return bits_to_text(tcp_flag_bits, flags); }
std::optional<std::uint32_t> parse_tcp_flags(std::string_view text) { return parse_bits(tcp_flag_bits, text); }

} // namespace nwgate
