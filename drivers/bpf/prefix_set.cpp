// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/bpf/prefix_set.h"

#include <algorithm>

namespace nwgate::bpf {
namespace {

template <typename Address> Prefix make(const Address &address, unsigned length) {
  Prefix prefix;
  prefix.length = static_cast<std::uint8_t>(std::min<std::size_t>(length, address.bytes.size() * 8));
  std::ranges::copy((address & Address::mask(prefix.length)).bytes, prefix.address.begin());
  return prefix;
}

bool lies_in(const Prefix &inner, const Prefix &outer) {
  const Ipv6Address address{inner.address};
  return outer.length <= inner.length && (address & Ipv6Address::mask(outer.length)).bytes == outer.address;
}

} // namespace

Prefix prefix_of(const Ipv4Address &address, unsigned length) { return make(address, length); }
Prefix prefix_of(const Ipv6Address &address, unsigned length) { return make(address, length); }

std::vector<Prefix> merged(std::vector<Prefix> prefixes) {
  std::ranges::sort(prefixes); // what holds others comes right before them
  std::vector<Prefix> result;
  for (const auto &prefix : prefixes)
    if (result.empty() || !lies_in(prefix, result.back()))
      result.push_back(prefix);
  return result;
}

} // namespace nwgate::bpf
