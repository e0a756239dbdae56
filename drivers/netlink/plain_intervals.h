// SPDX-License-Identifier: LGPL-2.1-or-later
/// Intervals of one field, whose ends the kernel has as elements of their own: what follows the last key, with
/// NFT_SET_ELEM_INTERVAL_END. An interval up to the last key that there is has no end.
#pragma once

#include "drivers/netlink/sets.h"

#include <cstdint>
#include <vector>

namespace nwgate::netlink {

/// The next key, as a number whose first byte is its highest. False if there is none; the key is then the first one.
bool increment(std::vector<std::uint8_t> &key);

/// Puts intervals together from the elements of a listing, which come in any order.
class PlainIntervals {
public:
  /// `key_length`: of the set, in bytes.
  explicit PlainIntervals(std::uint32_t key_length) : key_length_(key_length) {}

  void add(Bytes key, bool is_end);

  /// Both ends inclusive, sorted. `strange` counts the ends without a beginning.
  [[nodiscard]] Elements intervals(std::size_t &strange) const;

private:
  struct Edge {
    std::vector<std::uint8_t> key;
    bool is_beginning = false;
    auto operator<=>(const Edge &) const = default;
  };

  std::uint32_t key_length_;
  std::vector<Edge> edges_;
};

} // namespace nwgate::netlink
