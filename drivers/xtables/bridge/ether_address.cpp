// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/bridge/ether_address.h"

#include "drivers/xtables/bridge/option_text.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <linux/if_ether.h>
#include <linux/netfilter/nf_tables.h>

namespace nwgate::xtables::bridge {
namespace {

constexpr std::uint32_t offset_of(Side side) {
  return side == Side::source ? offsetof(ethhdr, h_source) : offsetof(ethhdr, h_dest);
}

/// How many bytes the mask has if it is nothing but leading bytes of ones.
std::optional<std::size_t> whole_bytes(const MacAddress &mask) {
  const auto first_other = std::ranges::find_if(mask.bytes, [](auto byte) { return byte != 0xff; });
  if (std::any_of(first_other, mask.bytes.end(), [](auto byte) { return byte != 0; }))
    return std::nullopt;
  return static_cast<std::size_t>(first_other - mask.bytes.begin());
}

MacAddress padded(const std::vector<std::uint8_t> &bytes) {
  MacAddress address;
  std::copy_n(bytes.begin(), std::min(bytes.size(), address.bytes.size()), address.bytes.begin());
  return address;
}

struct NamedMac {
  std::string_view name;
  MaskedMac address;
};

/// xtables_print_well_known_mac_and_mask() of libxtables.
constexpr MacAddress group_bit{{0x01}};
constexpr std::array named_macs{
    NamedMac{"Unicast", {{}, group_bit}},
    NamedMac{"Multicast", {group_bit, group_bit}},
    NamedMac{"Broadcast", {MacAddress::all_ones()}},
    NamedMac{"BGA", {{{0x01, 0x80, 0xc2, 0x00, 0x00, 0x00}}}},
};

std::string mac_text(const MaskedMac &value) {
  const MaskedMac masked{value.address & value.mask, value.mask};
  const auto found = std::ranges::find(named_macs, masked, &NamedMac::address);
  return found == named_macs.end() ? text_of(masked) : std::string(found->name);
}

} // namespace

std::optional<std::string> encode(const EtherAddress &match, ExpressionWriter &writer) {
  const auto &[address, mask] = match.address.value;
  const auto bytes = whole_bytes(mask);
  if (bytes == 0U)
    return "a MAC address with a mask of zeros";
  const auto length = bytes.value_or(mask.bytes.size());
  writer.payload(NFT_PAYLOAD_LL_HEADER, offset_of(match.side), static_cast<std::uint32_t>(length));
  if (!bytes)
    writer.bitwise_and(mask.bytes);
  writer.compare(Bytes((address & mask).bytes).first(length), match.address.negated);
  return std::nullopt;
}

std::optional<EtherAddress> decode_ether_address(const ExpressionReader::Payload &load, ExpressionReader &reader) {
  if (load.base != NFT_PAYLOAD_LL_HEADER || load.length < 1 || load.length > ETH_ALEN)
    return std::nullopt;
  EtherAddress match;
  match.side = load.offset == offset_of(Side::source) ? Side::source : Side::destination;
  auto &[address, mask] = match.address.value;
  mask = padded(std::vector<std::uint8_t>(load.length, 0xff));
  if (const auto bitwise = reader.take_bitwise_and()) {
    mask = padded(*bitwise);
    if (load.length != ETH_ALEN || bitwise->size() != ETH_ALEN || whole_bytes(mask))
      return std::nullopt;
  }
  const auto compare = reader.take_compare();
  if (load.offset != offset_of(match.side) || !compare || compare->data.size() != load.length)
    return std::nullopt;
  address = padded(compare->data);
  match.address.negated = compare->negated;
  return (address & mask) == address ? std::optional(match) : std::nullopt;
}

std::string save_text(const EtherAddress &match) {
  std::string text;
  add_option(text, match.side == Side::source ? "-s" : "-d", match.address.negated, mac_text(match.address.value));
  return text;
}

} // namespace nwgate::xtables::bridge
