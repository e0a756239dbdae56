// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/nftables/field_words.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <linux/if_ether.h>
#include <linux/netfilter/nf_tables.h>
#include <netinet/in.h>
#include <string_view>
#include <utility>

namespace nwgate::nftables {
namespace {

using netlink::Bytes;
using netlink::Family;

Loaded made(std::string text, ValueKind kind, std::uint32_t length) {
  Loaded loaded;
  loaded.bare_text = text;
  loaded.text = std::move(text);
  loaded.kind = kind;
  loaded.length = length;
  return loaded;
}

struct NumberedField {
  std::uint32_t key;
  std::string_view text;
  ValueKind kind;
  std::uint32_t length;
};

template <std::size_t Size>
Loaded numbered(const std::array<NumberedField, Size> &fields, std::uint32_t key, std::string_view what) {
  const auto field = std::ranges::find(fields, key, &NumberedField::key);
  return field == fields.end() ? made(fmt::format("{} {}", what, key), ValueKind::bytes, 4)
                               : made(std::string(field->text), field->kind, field->length);
}

constexpr std::array meta_fields = {
    NumberedField{NFT_META_IIFNAME, "iifname", ValueKind::interface_name, 16},
    NumberedField{NFT_META_OIFNAME, "oifname", ValueKind::interface_name, 16},
    NumberedField{NFT_META_BRI_IIFNAME, "meta ibrname", ValueKind::interface_name, 16},
    NumberedField{NFT_META_BRI_OIFNAME, "meta obrname", ValueKind::interface_name, 16},
    NumberedField{NFT_META_IIF, "iif", ValueKind::interface_index, 4},
    NumberedField{NFT_META_OIF, "oif", ValueKind::interface_index, 4},
    NumberedField{NFT_META_MARK, "meta mark", ValueKind::mark, 4},
    NumberedField{NFT_META_L4PROTO, "meta l4proto", ValueKind::protocol, 1},
    NumberedField{NFT_META_PROTOCOL, "meta protocol", ValueKind::ether_type, 2},
    NumberedField{NFT_META_NFPROTO, "meta nfproto", ValueKind::number, 1},
    NumberedField{NFT_META_PKTTYPE, "meta pkttype", ValueKind::number, 1},
    NumberedField{NFT_META_CGROUP, "meta cgroup", ValueKind::interface_index, 4},
};

constexpr std::array ct_fields = {
    NumberedField{NFT_CT_STATE, "ct state", ValueKind::connection_state, 4},
    NumberedField{NFT_CT_DIRECTION, "ct direction", ValueKind::connection_direction, 1},
    NumberedField{NFT_CT_MARK, "ct mark", ValueKind::mark, 4},
    NumberedField{NFT_CT_STATUS, "ct status", ValueKind::mark, 4},
};

struct HeaderField {
  std::uint32_t offset, length;
  std::string_view text;
  ValueKind kind;
};

template <typename Fields> const HeaderField *find(const Fields &fields, const PayloadPlace &place) {
  const auto found = std::ranges::find_if(
      fields, [&](const HeaderField &field) { return field.offset == place.offset && field.length == place.length; });
  return found == fields.end() ? nullptr : &*found;
}

constexpr std::array ethernet_fields = {
    HeaderField{0, 6, "ether daddr", ValueKind::mac},        HeaderField{6, 6, "ether saddr", ValueKind::mac},
    HeaderField{12, 2, "ether type", ValueKind::ether_type}, HeaderField{14, 2, "vlan tci", ValueKind::number},
    HeaderField{16, 2, "vlan type", ValueKind::ether_type},
};
constexpr std::array ipv4_fields = {
    HeaderField{0, 1, "ip version-hdrlength", ValueKind::bytes},
    HeaderField{1, 1, "ip tos", ValueKind::bytes},
    HeaderField{2, 2, "ip length", ValueKind::number},
    HeaderField{4, 2, "ip id", ValueKind::number},
    HeaderField{6, 2, "ip frag-off", ValueKind::bytes},
    HeaderField{8, 1, "ip ttl", ValueKind::number},
    HeaderField{9, 1, "ip protocol", ValueKind::protocol},
    HeaderField{12, 4, "ip saddr", ValueKind::ipv4},
    HeaderField{16, 4, "ip daddr", ValueKind::ipv4},
};
constexpr std::array ipv6_fields = {
    HeaderField{0, 2, "ip6 version-tclass", ValueKind::bytes}, HeaderField{4, 2, "ip6 length", ValueKind::number},
    HeaderField{6, 1, "ip6 nexthdr", ValueKind::protocol},     HeaderField{7, 1, "ip6 hoplimit", ValueKind::number},
    HeaderField{8, 16, "ip6 saddr", ValueKind::ipv6},          HeaderField{24, 16, "ip6 daddr", ValueKind::ipv6},
};
constexpr std::array arp_fields = {
    HeaderField{0, 2, "arp htype", ValueKind::number},        HeaderField{2, 2, "arp ptype", ValueKind::ether_type},
    HeaderField{2, 4, "arp ptype-lengths", ValueKind::bytes}, HeaderField{4, 1, "arp hlen", ValueKind::number},
    HeaderField{4, 2, "arp lengths", ValueKind::bytes},       HeaderField{5, 1, "arp plen", ValueKind::number},
    HeaderField{6, 2, "arp operation", ValueKind::number},    HeaderField{8, 6, "arp saddr ether", ValueKind::mac},
    HeaderField{14, 4, "arp saddr ip", ValueKind::ipv4},      HeaderField{18, 6, "arp daddr ether", ValueKind::mac},
    HeaderField{24, 4, "arp daddr ip", ValueKind::ipv4},
};
constexpr std::array transport_fields = {
    HeaderField{0, 2, "sport", ValueKind::number},
    HeaderField{2, 2, "dport", ValueKind::number},
};

/// A field of the network header. Where the rule itself does not ask for the type, as those of chains that packets of
/// one type are led to, the fields that are looked up there tell it.
const HeaderField *network_field(const PayloadPlace &place, Family family, std::optional<std::uint16_t> ether_type) {
  if (family == Family::ip || ether_type == ETH_P_IP)
    return find(ipv4_fields, place);
  if (family == Family::ip6 || ether_type == ETH_P_IPV6)
    return find(ipv6_fields, place);
  constexpr std::array arp_types = {ETH_P_ARP, ETH_P_RARP};
  if (ether_type && std::ranges::find(arp_types, int{*ether_type}) != arp_types.end())
    return find(arp_fields, place);
  if (ether_type)
    return nullptr;
  constexpr std::array<std::pair<std::uint32_t, std::uint32_t>, 4> of_ipv4 = {{{1, 1}, {9, 1}, {12, 4}, {16, 4}}};
  if (std::ranges::find(of_ipv4, std::pair(place.offset, place.length)) != of_ipv4.end())
    return find(ipv4_fields, place);
  if (place.length == 16)
    return find(ipv6_fields, place);
  return find(arp_fields, place);
}

/// The last byte of a header: whoever reads less of it asks for all.
bool asks_for_length(const PayloadPlace &place, Family family) {
  static constexpr std::array<std::uint32_t, 4> last_bytes = {7, 19, 27, 39};
  return family != Family::ip && family != Family::ip6 && place.base == NFT_PAYLOAD_NETWORK_HEADER &&
         place.length == 1 && std::ranges::find(last_bytes, place.offset) != last_bytes.end();
}

std::string raw_text(const PayloadPlace &place) {
  const auto *base = place.base == NFT_PAYLOAD_LL_HEADER          ? "ll"
                     : place.base == NFT_PAYLOAD_NETWORK_HEADER   ? "nh"
                     : place.base == NFT_PAYLOAD_TRANSPORT_HEADER ? "th"
                                                                  : "ih";
  return fmt::format("@{},{},{}", base, place.offset * 8, place.length * 8);
}

/// Fields of less than a byte, which a mask cuts out.
struct MaskedField {
  std::string_view text;
  std::array<std::uint8_t, 2> mask;
  std::uint32_t length;
  std::string_view name;
  ValueKind kind;
};
constexpr std::array masked_fields = {
    MaskedField{"vlan tci", {0x0f, 0xff}, 2, "vlan id", ValueKind::number},
    MaskedField{"ip tos", {0xfc, 0}, 1, "ip dscp", ValueKind::dscp},
    MaskedField{"ip6 version-tclass", {0x0f, 0xc0}, 2, "ip6 dscp", ValueKind::dscp6},
    // Where the rule does not tell what the network header is of.
    MaskedField{"arp htype", {0x0f, 0xc0}, 2, "ip6 dscp", ValueKind::dscp6},
};

std::string_view sign_of(std::uint32_t operation) {
  switch (operation) {
  case NFT_CMP_NEQ:
    return "!= ";
  case NFT_CMP_LT:
    return "< ";
  case NFT_CMP_LTE:
    return "<= ";
  case NFT_CMP_GT:
    return "> ";
  case NFT_CMP_GTE:
    return ">= ";
  default:
    return "";
  }
}

bool is_zero(Bytes bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

/// The address' prefix that is asked for, by a mask or because so many bytes are loaded; nothing for a whole address.
std::optional<std::string> prefix_compare(const Loaded &loaded, Bytes data) {
  if (loaded.kind != ValueKind::ipv4 && loaded.kind != ValueKind::ipv6)
    return std::nullopt;
  const std::size_t whole = loaded.kind == ValueKind::ipv4 ? 4 : 16;
  const auto length =
      loaded.mask.empty() ? std::optional(static_cast<unsigned>(data.size()) * 8) : prefix_of(loaded.mask);
  if (!length || data.size() > whole || *length == whole * 8)
    return std::nullopt;
  std::vector<std::uint8_t> address(data.begin(), data.end());
  address.resize(whole);
  return fmt::format("{}/{}", value_text(loaded.kind, address), *length);
}

std::string compare_text(const Loaded &loaded, std::uint32_t operation, Bytes data) {
  const bool is_negated = operation == NFT_CMP_NEQ;
  if (loaded.kind == ValueKind::connection_state && !loaded.mask.empty() && is_zero(data) &&
      (is_negated || operation == NFT_CMP_EQ)) // bits of which one has to be set
    return fmt::format("{} {}{}", loaded.bare_text, is_negated ? "" : "! ", value_text(loaded.kind, loaded.mask));
  if (auto text = prefix_compare(loaded, data))
    return fmt::format("{} {}{}", loaded.bare_text, sign_of(operation), *text);
  const auto sign = !loaded.mask.empty() && operation == NFT_CMP_EQ ? "== " : sign_of(operation);
  return fmt::format("{} {}{}", loaded.text, sign, value_text(loaded.kind, data));
}

/// Several fields at once, such as the lengths of addresses in ARP: the words for each; none if it is of one field.
std::vector<std::string> compare_of_several(const Loaded &loaded, std::uint32_t operation, Bytes data) {
  if (operation != NFT_CMP_EQ || !loaded.mask.empty())
    return {};
  const auto lengths = [](Bytes two) {
    return std::vector{fmt::format("arp hlen {}", two[0]), fmt::format("arp plen {}", two[1])};
  };
  if (loaded.text == "arp lengths" && data.size() == 2)
    return lengths(data);
  if (loaded.text != "arp ptype-lengths" || data.size() != 4)
    return {};
  auto words = lengths(data.subspan(2));
  words.insert(words.begin(), fmt::format("arp ptype {}", hex_text(data.first(2))));
  return words;
}

} // namespace

Loaded meta_field(std::uint32_t key) { return numbered(meta_fields, key, "meta"); }

Loaded ct_field(std::uint32_t key) { return numbered(ct_fields, key, "ct"); }

Loaded payload_field(const PayloadPlace &place, Family family, std::optional<std::uint16_t> ether_type,
                     std::optional<std::uint8_t> protocol) {
  const HeaderField *field = nullptr;
  std::string prefix;
  switch (place.base) {
  case NFT_PAYLOAD_LL_HEADER:
    field = find(ethernet_fields, place);
    break;
  case NFT_PAYLOAD_NETWORK_HEADER:
    field = network_field(place, family, ether_type);
    break;
  case NFT_PAYLOAD_TRANSPORT_HEADER:
    if (protocol == IPPROTO_TCP && place == PayloadPlace{NFT_PAYLOAD_TRANSPORT_HEADER, 13, 1})
      return made("tcp flags", ValueKind::tcp_flags, 1);
    field = find(transport_fields, place);
    prefix = protocol == IPPROTO_TCP    ? "tcp "
             : protocol == IPPROTO_UDP  ? "udp "
             : protocol == IPPROTO_SCTP ? "sctp "
                                        : "th ";
    break;
  default:
    break;
  }
  auto loaded = field == nullptr ? made(raw_text(place), ValueKind::bytes, place.length)
                                 : made(prefix + std::string(field->text), field->kind, place.length);
  loaded.asks_for_length = asks_for_length(place, family);
  return loaded;
}

Loaded masked(const Loaded &value, Bytes mask, Bytes bits) {
  auto result = value;
  result.is_used = false;
  const bool has_bits = std::ranges::any_of(bits, [](std::uint8_t byte) { return byte != 0; });
  if (has_bits) {
    std::vector<std::uint8_t> rest(mask.begin(), mask.end());
    for (std::size_t i = 0; i < rest.size(); ++i)
      rest[i] = static_cast<std::uint8_t>(~rest[i]);
    const bool only_sets = std::ranges::equal(rest, bits);
    result.text = only_sets ? fmt::format("{} | {}", value.text, value_text(value.kind, bits))
                            : fmt::format("({} & {}) ^ {}", value.text, value_text(value.kind, mask),
                                          value_text(value.kind, bits));
    return result;
  }
  for (const auto &field : masked_fields)
    if (field.text == value.text && std::ranges::equal(mask, Bytes(field.mask).first(field.length))) {
      result.text = result.bare_text = field.name;
      result.kind = field.kind;
      return result;
    }
  result.mask.assign(mask.begin(), mask.end());
  result.text = fmt::format("{} & {}", value.text, value_text(value.kind, mask));
  return result;
}

std::vector<std::string> compare_words(const Loaded &loaded, std::uint32_t operation, Bytes data) {
  auto words = compare_of_several(loaded, operation, data);
  if (words.empty())
    words.push_back(compare_text(loaded, operation, data));
  return words;
}

} // namespace nwgate::nftables
