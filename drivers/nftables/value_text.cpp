// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/nftables/value_text.h"

#include "engine/net/ip_address.h"
#include "engine/net/mac_address.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <fmt/format.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <string_view>
#include <vector>

namespace nwgate::nftables {
namespace {

using netlink::Bytes;

template <typename Address> std::string address_text(Bytes value) {
  Address address;
  if (value.size() < address.bytes.size())
    return hex_text(value);
  std::copy_n(value.begin(), address.bytes.size(), address.bytes.begin());
  return address.to_string();
}

std::uint64_t big_endian(Bytes value) {
  std::uint64_t number = 0;
  for (const auto byte : value.first(std::min<std::size_t>(value.size(), sizeof number)))
    number = number << 8U | byte;
  return number;
}

std::uint32_t native(Bytes value) {
  std::uint32_t number = 0;
  if (value.size() == 1)
    return value.front();
  std::memcpy(&number, value.data(), std::min(value.size(), sizeof number));
  return number;
}

std::string protocol_text(std::uint64_t number) {
  switch (number) {
  case IPPROTO_ICMP:
    return "icmp";
  case IPPROTO_IGMP:
    return "igmp";
  case IPPROTO_TCP:
    return "tcp";
  case IPPROTO_UDP:
    return "udp";
  case IPPROTO_ESP:
    return "esp";
  case IPPROTO_AH:
    return "ah";
  case IPPROTO_ICMPV6:
    return "icmpv6";
  case IPPROTO_SCTP:
    return "sctp";
  case IPPROTO_UDPLITE:
    return "udplite";
  default:
    return std::to_string(number);
  }
}

struct NamedBit {
  std::uint32_t bit;
  std::string_view name;
};

constexpr std::uint32_t state_bit(int info) { return 1U << static_cast<unsigned>(info + 1); }
constexpr std::array state_names = {
    NamedBit{NF_CT_STATE_INVALID_BIT, "invalid"}, NamedBit{state_bit(IP_CT_ESTABLISHED), "established"},
    NamedBit{state_bit(IP_CT_RELATED), "related"}, NamedBit{state_bit(IP_CT_NEW), "new"},
    NamedBit{NF_CT_STATE_UNTRACKED_BIT, "untracked"}};
constexpr std::array flag_names = {NamedBit{0x01, "fin"}, NamedBit{0x02, "syn"}, NamedBit{0x04, "rst"},
                                   NamedBit{0x08, "psh"}, NamedBit{0x10, "ack"}, NamedBit{0x20, "urg"},
                                   NamedBit{0x40, "ecn"}, NamedBit{0x80, "cwr"}};

/// The names of the bits; hexadecimal for those without one.
template <std::size_t Size> std::string bits_text(std::uint32_t bits, const std::array<NamedBit, Size> &names) {
  std::vector<std::string> words;
  for (const auto &[bit, name] : names)
    if ((bits & bit) != 0) {
      words.emplace_back(name);
      bits &= ~bit;
    }
  if (bits != 0 || words.empty())
    words.push_back(fmt::format("{:#x}", bits));
  return fmt::format("{}", fmt::join(words, ","));
}

std::string name_text(Bytes value) {
  const auto *text = reinterpret_cast<const char *>(value.data());
  return {text, strnlen(text, value.size())};
}

} // namespace

std::string hex_text(Bytes value) { return fmt::format("0x{:02x}", fmt::join(value, "")); }

std::string value_text(ValueKind kind, Bytes value) {
  switch (kind) {
  case ValueKind::bytes:
    break;
  case ValueKind::mac:
    return address_text<MacAddress>(value);
  case ValueKind::ipv4:
    return address_text<Ipv4Address>(value);
  case ValueKind::ipv6:
    return address_text<Ipv6Address>(value);
  case ValueKind::number:
    return std::to_string(big_endian(value));
  case ValueKind::ether_type:
    return hex_text(value.first(std::min<std::size_t>(value.size(), 2)));
  case ValueKind::protocol:
    return protocol_text(big_endian(value));
  case ValueKind::interface_name:
    return name_text(value);
  case ValueKind::interface_index:
    return std::to_string(native(value));
  case ValueKind::cgroup: {
    std::uint64_t id = 0;
    std::memcpy(&id, value.data(), std::min(value.size(), sizeof id));
    return std::to_string(id);
  }
  case ValueKind::mark:
    return fmt::format("{:#010x}", native(value));
  case ValueKind::connection_state:
    return bits_text(native(value), state_names);
  case ValueKind::connection_direction:
    return native(value) == IP_CT_DIR_ORIGINAL ? "original" : native(value) == IP_CT_DIR_REPLY ? "reply" : "?";
  case ValueKind::tcp_flags:
    return bits_text(native(value), flag_names);
  case ValueKind::dscp:
    return std::to_string(big_endian(value.first(1)) >> 2U);
  case ValueKind::dscp6:
    return std::to_string(big_endian(value.first(std::min<std::size_t>(value.size(), 2))) >> 6U & 0x3fU);
  }
  return hex_text(value);
}

std::optional<unsigned> prefix_of(Bytes mask) {
  unsigned length = 0;
  std::size_t i = 0;
  while (i < mask.size() && mask[i] == 0xff)
    ++i;
  length = static_cast<unsigned>(i) * 8;
  if (i < mask.size()) {
    const auto ones = static_cast<unsigned>(std::countl_one(mask[i]));
    if (static_cast<std::uint8_t>(mask[i] << ones) != 0)
      return std::nullopt;
    length += ones;
    ++i;
  }
  const bool has_more = std::ranges::any_of(mask.subspan(i), [](std::uint8_t byte) { return byte != 0; });
  return has_more ? std::nullopt : std::optional(length);
}

std::string interval_text(ValueKind kind, Bytes first, Bytes last) {
  if (std::ranges::equal(first, last))
    return value_text(kind, first);
  if ((kind == ValueKind::ipv4 || kind == ValueKind::ipv6) && first.size() == last.size()) {
    // A prefix has the ends 0...0 and 1...1 behind it.
    std::vector<std::uint8_t> mask(first.size());
    bool is_prefix = true;
    for (std::size_t i = 0; i < first.size(); ++i) {
      mask[i] = static_cast<std::uint8_t>(~(first[i] ^ last[i]));
      is_prefix = is_prefix && (first[i] & ~mask[i]) == 0;
    }
    if (const auto length = prefix_of(mask); is_prefix && length)
      return fmt::format("{}/{}", value_text(kind, first), *length);
  }
  return fmt::format("{}-{}", value_text(kind, first), value_text(kind, last));
}

} // namespace nwgate::nftables
