// SPDX-License-Identifier: LGPL-2.1-or-later
/// Named sets and maps of nf_tables, and their elements.
#pragma once

#include "drivers/netlink/channel.h"
#include "drivers/netlink/counters.h"
#include "drivers/netlink/names.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace nwgate::netlink {

struct SetName {
  Family family{};
  std::string table;
  std::string name;
  auto operator<=>(const SetName &) const = default;
};

/// What a set is made of. Numbers of types are those of nft(8), which only listings look at.
struct SetSpec {
  /// In bytes; the parts of a key begin at multiples of four.
  std::uint32_t key_length = 0;
  std::uint32_t key_type = 0;
  /// The lengths of the key's parts, if it has intervals; one part makes a set of plain intervals.
  std::vector<std::uint32_t> interval_fields;
  /// In bytes; 0 for a set.
  std::uint32_t data_length = 0;
  std::uint32_t data_type = 0;
  /// A map of verdicts: what it leads to are chains.
  bool verdicts = false;
  /// Each element counts the packets that find it.
  bool counters = false;
  bool operator==(const SetSpec &) const = default;

  [[nodiscard]] bool has_intervals() const { return !interval_fields.empty(); }
  /// The kernel has their ends as elements of their own (nft_set_rbtree.c), as nft(8) writes them.
  [[nodiscard]] bool has_plain_intervals() const { return interval_fields.size() == 1; }
  /// Bytes that an element of a set or plain map has in `Elements`: key, the interval's end, data.
  [[nodiscard]] std::size_t element_size() const { return key_length * (has_intervals() ? 2UL : 1UL) + data_length; }
};

/// Elements of one set or plain map, one behind the other: key, with intervals the key's end (both inclusive), data.
using Elements = std::vector<std::uint8_t>;

/// An element of a map of verdicts: the key, and the chain that the packet goes to.
struct VerdictElement {
  std::vector<std::uint8_t> key;
  std::string chain;
  /// Does not come back.
  bool go_to = false;
  auto operator<=>(const VerdictElement &) const = default;
};

struct SetInfo {
  SetName name;
  SetSpec spec;
  std::uint64_t handle = 0;
  std::vector<std::uint8_t> user_data;
  /// Elements, if the kernel tells.
  std::optional<std::uint32_t> count;
};

/// All named sets of a table; none when there is no such table.
Result<std::vector<SetInfo>> sets(Channel &channel, const TableName &table);

struct ElementListing {
  /// Of sets and plain maps; in the kernel's order.
  Elements elements;
  /// Of maps of verdicts.
  std::vector<VerdictElement> verdicts;
  /// One for each element or verdict of a set with counters; in the same order.
  std::vector<Counts> counts;
  /// Elements that somebody else put there and that this cannot hold: intervals without an end, other verdicts.
  std::size_t strange = 0;
};

/// The elements of a set; none when there is no such set. `with_counts` reads the counters too. What is read is of one
/// generation only if nobody commits meanwhile: compare the generation.
Result<ElementListing> elements(Channel &channel, const SetInfo &set, bool with_counts);

/// The one element with this key, as in `Elements`; nothing if there is none.
Result<std::optional<Elements>> element(Channel &channel, const SetInfo &set, Bytes key);

} // namespace nwgate::netlink
