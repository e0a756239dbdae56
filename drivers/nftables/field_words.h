// SPDX-License-Identifier: LGPL-2.1-or-later
/// What a register of nf_tables holds after an expression has loaded it, in words.
#pragma once

#include "drivers/netlink/names.h"
#include "drivers/nftables/value_text.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace nwgate::nftables {

struct Loaded {
  /// `ip saddr`; with a mask `meta mark & 0x0ffff000`.
  std::string text;
  /// Without the mask; of what a map says, its key.
  std::string bare_text;
  ValueKind kind = ValueKind::bytes;
  /// In bytes.
  std::uint32_t length = 0;
  /// Empty without one, or if the field's name tells it.
  std::vector<std::uint8_t> mask;
  /// The map that says it; empty if none does.
  std::string set;
  /// The load only asks whether the packet is so long.
  bool asks_for_length = false;
  /// Something was done with it.
  bool is_used = false;
};

struct PayloadPlace {
  /// NFT_PAYLOAD_*.
  std::uint32_t base = 0;
  /// In bytes.
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
  bool operator==(const PayloadPlace &) const = default;
};

/// `key` is an NFT_META_*.
Loaded meta_field(std::uint32_t key);
/// `key` is an NFT_CT_*.
Loaded ct_field(std::uint32_t key);
/// `ether_type` and `protocol` are what the rule has asked for before.
Loaded payload_field(const PayloadPlace &place, netlink::Family family, std::optional<std::uint16_t> ether_type,
                     std::optional<std::uint8_t> protocol);

/// (value & mask) ^ bits.
Loaded masked(const Loaded &value, netlink::Bytes mask, netlink::Bytes bits);

/// A comparison of several fields at once, such as the lengths of addresses in ARP: the words for each. Empty if it is
/// of one field.
std::vector<std::string> compare_of_several(const Loaded &loaded, std::uint32_t operation, netlink::Bytes data);

} // namespace nwgate::nftables
