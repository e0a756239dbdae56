// SPDX-License-Identifier: LGPL-2.1-or-later
/// A hash for names that have to be the same on all machines and in every version.
#pragma once

#include <cstdint>
#include <string_view>

namespace nwgate {

/// FNV-1a of 64 bits (draft-eastlake-fnv).
constexpr std::uint64_t fnv_hash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text)
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

} // namespace nwgate
