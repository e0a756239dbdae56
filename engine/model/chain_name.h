// SPDX-License-Identifier: LGPL-2.1-or-later
/// The names that a filter's `chain` attribute may have, and what they imply.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nwgate {

/// What a chain's name begins with: it says which frames jump there.
enum class ChainPrefix : std::uint8_t { root, mac, vlan, stp, arp, rarp, ipv4, ipv6 };

/// ebtables allows 31 bytes for a chain name: `I-`, 15 of an interface, `-`, and these.
inline constexpr std::size_t max_chain_name = 12;

/// The prefix, or nothing for a name that is not legal.
std::optional<ChainPrefix> chain_prefix(std::string_view name);
/// Why a name is not legal.
std::string why_illegal_chain(std::string_view name);

/// The chain priority of a filter that gives none (libvirt's documentation; -810 for stp included).
int default_chain_priority(ChainPrefix prefix);

} // namespace nwgate
