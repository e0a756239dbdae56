// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/nftables/element_diff.h"

#include "drivers/nftables/ruleset.h"

#include <bit>
#include <cstring>
#include <vector>

namespace nwgate::nftables {
namespace {

using netlink::Bytes;

/// Where each of many records stands. Nothing is allocated for a single one.
class Index {
public:
  Index(std::size_t size, Bytes records) : size_(size), records_(records) {
    const auto count = records.size() / size;
    slots_.resize(std::bit_ceil(count * 2 + 1));
    for (std::size_t i = 0; i < count; ++i)
      slot_of(record(i)) = static_cast<std::uint32_t>(i + 1);
  }

  /// One more than the place; 0 if it is not there.
  [[nodiscard]] std::uint32_t find(Bytes wanted) { return slot_of(wanted); }

  [[nodiscard]] Bytes record(std::size_t index) const { return records_.subspan(index * size_, size_); }

private:
  /// The slot that has the record, or the empty one where it belongs.
  std::uint32_t &slot_of(Bytes wanted) {
    auto at = hash(wanted) & (slots_.size() - 1);
    while (slots_[at] != 0 && std::memcmp(record(slots_[at] - 1).data(), wanted.data(), size_) != 0)
      at = (at + 1) & (slots_.size() - 1);
    return slots_[at];
  }

  static std::size_t hash(Bytes bytes) {
    constexpr std::uint64_t factor = 0x9e3779b97f4a7c15;
    std::uint64_t hash = 0;
    std::uint64_t word = 0;
    while (bytes.size() >= sizeof word) {
      std::memcpy(&word, bytes.data(), sizeof word);
      hash = (std::rotl(hash, 23) ^ word) * factor;
      bytes = bytes.subspan(sizeof word);
    }
    word = 0;
    std::memcpy(&word, bytes.data(), bytes.size());
    hash = (std::rotl(hash, 23) ^ word) * factor;
    return hash ^ hash >> 32U;
  }

  std::size_t size_;
  Bytes records_;
  std::vector<std::uint32_t> slots_;
};

} // namespace

ElementDiff diff_elements(std::size_t size, Bytes there, Bytes wanted, const std::function<bool(Bytes)> &decides) {
  ElementDiff diff;
  if (size == 0)
    return diff;
  Index index(size, wanted);
  std::vector<bool> is_there(wanted.size() / size);
  for (std::size_t at = 0; at + size <= there.size(); at += size) {
    const auto record = there.subspan(at, size);
    if (!decides(record))
      continue;
    if (const auto found = index.find(record); found != 0)
      is_there[found - 1] = true;
    else
      diff.gone.insert(diff.gone.end(), record.begin(), record.end());
  }
  for (std::size_t i = 0; i < is_there.size(); ++i)
    if (!is_there[i]) {
      const auto record = index.record(i);
      diff.fresh.insert(diff.fresh.end(), record.begin(), record.end());
    }
  sort_records(diff.gone, size);
  return diff;
}

} // namespace nwgate::nftables
