// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/bridge/ether_type.h"

#include "drivers/xtables/bridge/host_names.h"
#include "drivers/xtables/bridge/option_text.h"

#include <array>
#include <cstddef>
#include <linux/if_ether.h>
#include <linux/netfilter/nf_tables.h>

namespace nwgate::xtables::bridge {
namespace {

constexpr ExpressionReader::Payload type_load{NFT_PAYLOAD_LL_HEADER, offsetof(ethhdr, h_proto), 2};

std::array<std::uint8_t, 2> big_endian(std::uint16_t value) {
  return {static_cast<std::uint8_t>(value >> 8U), static_cast<std::uint8_t>(value & 0xffU)};
}

} // namespace

std::optional<std::string> encode(const EtherType &match, ExpressionWriter &writer) {
  if (match.type.value < ETH_P_802_3_MIN)
    return "an Ethernet type below 0x600";
  writer.payload(type_load.base, type_load.offset, type_load.length);
  writer.compare(big_endian(match.type.value), match.type.negated);
  return std::nullopt;
}

bool loads_ether_type(const ExpressionReader::Payload &load) { return load == type_load; }

std::optional<EtherType> decode_ether_type(ExpressionReader &reader) {
  const auto compare = reader.take_compare();
  if (!compare || compare->data.size() != type_load.length)
    return std::nullopt;
  const auto type = static_cast<std::uint16_t>(compare->data[0] << 8U | compare->data[1]);
  if (type < ETH_P_802_3_MIN)
    return std::nullopt;
  return EtherType{{type, compare->negated}};
}

std::string save_text(const EtherType &match) {
  std::string text;
  // ebtables-nft 1.8.9 takes any comparison with 0x600 for its own encoding of "less than 0x600", and the `!`
  // is lost on the way. ebtables-restore makes that other rule of it.
  if (match.type.value == ETH_P_802_3_MIN)
    add_option(text, "-p", false, "Length");
  else
    add_option(text, "-p", match.type.negated, ether_type_name(match.type.value));
  return text;
}

} // namespace nwgate::xtables::bridge
