// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/nftables/key_tails.h"

#include "drivers/netlink/plain_intervals.h"
#include "engine/model/value_type.h"

#include <algorithm>

namespace nwgate::nftables {
namespace {

using Encoding = KeyPart::Encoding;
using Bytes = std::vector<std::uint8_t>;

template <typename Address> Bytes bytes_of(const Address &address) {
  return {address.bytes.begin(), address.bytes.end()};
}

/// Of one lookup and port.
constexpr std::size_t most_rows = 65536;

/// The first and the last value of a part, which are equal unless it is an interval.
struct Span {
  Bytes first, last;
};

class TailWriter {
public:
  TailWriter(const Lookup &lookup, const std::vector<const std::vector<Tuple> *> &tuples)
      : lookup_(lookup), tuples_(tuples), position_(tuples.size()) {}

  std::variant<KeyTails, NoTails> run() {
    if (std::ranges::any_of(tuples_, [](const auto *slot) { return slot->empty(); }))
      return KeyTails(); // an access list without addresses of this family
    std::size_t count = 1;
    for (const auto *slot : tuples_)
      count = std::min(count * slot->size(), most_rows + 1);
    if (count == 0) // an empty list
      return KeyTails{};
    if (count > most_rows)
      return NoTails::not_a_set;
    std::vector<std::vector<Span>> rows;
    do {
      std::vector<Span> row;
      for (const auto &part : lookup_.parts) {
        auto span = span_of(part);
        if (!span)
          return NoTails::wrong_value;
        if (span->last < span->first)
          return NoTails::not_a_set;
        row.push_back(std::move(*span));
      }
      rows.push_back(std::move(row));
    } while (advance());
    if (lookup_.has_intervals() && !merge(rows))
      return NoTails::not_a_set;
    return written(rows);
  }

private:
  bool advance() {
    for (std::size_t slot = 0; slot < position_.size(); ++slot) {
      if (++position_[slot] < tuples_[slot]->size())
        return true;
      position_[slot] = 0;
    }
    return false;
  }

  std::optional<Literal> value_of(const Operand &operand) const {
    if (const auto *literal = std::get_if<Literal>(&operand))
      return *literal;
    const auto &reference = std::get<SlotRef>(operand);
    return parse_value(reference.type, (*tuples_[reference.slot])[position_[reference.slot]][reference.column].text);
  }

  template <typename Address> static Span prefix(const Address &address, unsigned length) {
    const auto mask = Address::mask(length);
    auto last = address & mask;
    for (std::size_t i = 0; i < last.bytes.size(); ++i)
      last.bytes.at(i) = static_cast<std::uint8_t>(last.bytes.at(i) | static_cast<std::uint8_t>(~mask.bytes.at(i)));
    return {bytes_of(address & mask), bytes_of(last)};
  }

  std::optional<Span> span_of(const KeyPart &part) const {
    const auto first = value_of(part.first);
    if (!first)
      return std::nullopt;
    if (part.last) {
      const auto last = value_of(*part.last);
      return last ? std::optional(Span{encoded(*first, part.encoding), encoded(*last, part.encoding)}) : std::nullopt;
    }
    if (!part.mask)
      return Span{encoded(*first, part.encoding), encoded(*first, part.encoding)};
    const auto mask = value_of(*part.mask);
    if (!mask)
      return std::nullopt;
    Span span;
    if (const auto *mac = std::get_if<MacAddress>(&*first))
      span.first = span.last = encoded(*mac & std::get<MacAddress>(*mask), Encoding::mac);
    else if (const auto *ipv4 = std::get_if<Ipv4Address>(&*first))
      span = prefix(*ipv4, std::get<std::uint32_t>(*mask));
    else
      span = prefix(std::get<Ipv6Address>(*first), std::get<std::uint32_t>(*mask));
    if (!part.is_interval())
      span.last = span.first;
    return span;
  }

  /// Makes intervals of one part that overlap or touch one interval; the kernel takes none that overlap. False if two
  /// parts are intervals and elements overlap.
  [[nodiscard]] bool merge(std::vector<std::vector<Span>> &rows) const {
    const auto intervals = std::ranges::count_if(lookup_.parts, &KeyPart::is_interval);
    if (intervals > 1)
      return rows.size() == 1 || !overlap_anywhere(rows);
    const auto at =
        static_cast<std::size_t>(std::ranges::find_if(lookup_.parts, &KeyPart::is_interval) - lookup_.parts.begin());
    const auto rest = [at](const std::vector<Span> &row) {
      Bytes bytes;
      for (std::size_t i = 0; i < row.size(); ++i)
        if (i != at)
          bytes.insert(bytes.end(), row[i].first.begin(), row[i].first.end());
      return bytes;
    };
    std::ranges::sort(rows, {}, [&](const auto &row) { return std::pair(rest(row), row[at].first); });
    std::vector<std::vector<Span>> merged;
    for (auto &row : rows) {
      if (!merged.empty() && rest(merged.back()) == rest(row) &&
          row[at].first <= behind(merged.back()[at].last, lookup_.parts[at].length()))
        merged.back()[at].last = std::max(merged.back()[at].last, row[at].last);
      else
        merged.push_back(std::move(row));
    }
    rows = std::move(merged);
    return true;
  }

  /// The value that follows, or the last one that there is.
  static Bytes behind(const Bytes &last, std::uint32_t length) {
    Bytes next(last.begin(), last.begin() + static_cast<std::ptrdiff_t>(length));
    if (!netlink::increment(next))
      return last;
    next.resize(last.size());
    return next;
  }

  static bool overlap_anywhere(const std::vector<std::vector<Span>> &rows) {
    const auto overlap = [](const std::vector<Span> &a, const std::vector<Span> &b) {
      for (std::size_t i = 0; i < a.size(); ++i)
        if (a[i].last < b[i].first || b[i].last < a[i].first)
          return false;
      return true;
    };
    constexpr std::size_t most_pairs = 1000;
    if (rows.size() > most_pairs)
      return true;
    for (std::size_t i = 0; i < rows.size(); ++i)
      for (std::size_t j = 0; j < i; ++j)
        if (overlap(rows[i], rows[j]))
          return true;
    return false;
  }

  [[nodiscard]] KeyTails written(const std::vector<std::vector<Span>> &rows) const {
    KeyTails tails;
    for (const auto &row : rows) {
      Bytes tail;
      for (const auto &span : row)
        tail.insert(tail.end(), span.first.begin(), span.first.end());
      if (lookup_.has_intervals())
        for (const auto &span : row)
          tail.insert(tail.end(), span.last.begin(), span.last.end());
      tails.push_back(std::move(tail));
    }
    std::ranges::sort(tails);
    tails.erase(std::unique(tails.begin(), tails.end()), tails.end());
    return tails;
  }

  const Lookup &lookup_;
  const std::vector<const std::vector<Tuple> *> &tuples_;
  std::vector<std::size_t> position_;
};

} // namespace

Bytes encoded(const Literal &value, KeyPart::Encoding encoding) {
  const auto number = [&] { return std::get<std::uint32_t>(value); };
  const auto byte = [](std::uint32_t bits) { return static_cast<std::uint8_t>(bits); };
  switch (encoding) {
  case Encoding::mac: {
    auto bytes = bytes_of(std::get<MacAddress>(value));
    bytes.resize(8);
    return bytes;
  }
  case Encoding::ipv4:
    return bytes_of(std::get<Ipv4Address>(value));
  case Encoding::ipv6:
    return bytes_of(std::get<Ipv6Address>(value));
  case Encoding::u8:
    return {byte(number()), 0, 0, 0};
  case Encoding::u16:
    return {byte(number() >> 8U), byte(number()), 0, 0};
  case Encoding::dscp:
    return {byte(number() << 2U), 0, 0, 0};
  case Encoding::dscp6:
    break;
  }
  return {byte(number() >> 2U), byte(number() << 6U), 0, 0};
}

std::variant<KeyTails, NoTails> key_tails(const Lookup &lookup, const std::vector<const std::vector<Tuple> *> &tuples) {
  return TailWriter(lookup, tuples).run();
}

} // namespace nwgate::nftables
