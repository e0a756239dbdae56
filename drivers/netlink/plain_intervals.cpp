// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/netlink/plain_intervals.h"

#include <algorithm>

namespace nwgate::netlink {
namespace {

void decrement(std::vector<std::uint8_t> &key) {
  for (auto byte = key.rbegin(); byte != key.rend(); ++byte)
    if ((*byte)-- != 0)
      return;
}

} // namespace

bool increment(std::vector<std::uint8_t> &key) {
  for (auto byte = key.rbegin(); byte != key.rend(); ++byte)
    if (++*byte != 0)
      return true;
  return false;
}

void PlainIntervals::add(Bytes key, bool is_end) { edges_.push_back({{key.begin(), key.end()}, !is_end}); }

Elements PlainIntervals::intervals(std::size_t &strange) const {
  auto edges = edges_;
  std::ranges::sort(edges); // an end before the beginning that has the same key
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  Elements result;
  bool is_open = false;
  const auto close = [&](std::vector<std::uint8_t> next) {
    decrement(next);
    result.insert(result.end(), next.begin(), next.end());
    is_open = false;
  };
  for (const auto &edge : edges) {
    if (!edge.is_beginning && !is_open) {
      ++strange;
      continue;
    }
    if (is_open)
      close(edge.key); // nft(8) leaves an end out where the next interval begins
    if (!edge.is_beginning)
      continue;
    result.insert(result.end(), edge.key.begin(), edge.key.end());
    is_open = true;
  }
  if (is_open)
    result.insert(result.end(), key_length_, 0xff);
  return result;
}

} // namespace nwgate::netlink
