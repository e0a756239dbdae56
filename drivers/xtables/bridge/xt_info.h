// SPDX-License-Identifier: LGPL-2.1-or-later
/// What ebtables' match infos (struct ebt_*_info of linux/netfilter_bridge/) have in common: `bitmask` says
/// which fields are compared, `invflags` which of those are negated, by the same bits; the rest is zero.
#pragma once

#include "drivers/xtables/expressions.h"
#include "drivers/xtables/rule.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <type_traits>

namespace nwgate::xtables::bridge {

/// An info of zeros, padding included, which the kernel hands back as it was given.
template <typename Info> Info zeroed() {
  static_assert(std::is_trivially_copyable_v<Info>);
  Info info;
  std::memset(&info, 0, sizeof info);
  return info;
}

template <typename Info> Bytes bytes_of(const Info &info) {
  return {reinterpret_cast<const std::uint8_t *>(&info), sizeof info};
}

/// Copies an address between its own bytes and a field of the same size, whatever type the header gave it.
template <typename Field, typename Address> void store(Field &field, const Address &address) {
  static_assert(sizeof field == sizeof address.bytes);
  std::memcpy(&field, address.bytes.data(), sizeof field);
}
template <typename Address, typename Field> Address load(const Field &field) {
  Address address;
  static_assert(sizeof field == sizeof address.bytes);
  std::memcpy(address.bytes.data(), &field, sizeof field);
  return address;
}

/// An address and its mask, the address without the bits outside the mask.
template <typename Field, typename MaskField, typename Masked>
void store_masked(Field &field, MaskField &mask, const Masked &value) {
  store(field, value.address & value.mask);
  store(mask, value.mask);
}
template <typename Masked, typename Field, typename MaskField>
Masked load_masked(const Field &field, const MaskField &mask) {
  return {load<decltype(Masked::address)>(field), load<decltype(Masked::mask)>(mask)};
}

/// An inclusive range and the array of its two ends.
template <typename T> void store_range(T (&field)[2], const Range<T> &range) {
  field[0] = range.first;
  field[1] = range.last;
}
template <typename T> Range<T> load_range(const T (&field)[2]) { return {field[0], field[1]}; }

/// If the term is there, marks it in the info as `bit` and returns its value, which is still to be stored.
template <typename Info, typename T> const T *mark(Info &info, unsigned bit, const std::optional<Term<T>> &term) {
  if (!term)
    return nullptr;
  info.bitmask = static_cast<decltype(info.bitmask)>(info.bitmask | bit);
  if (term->negated)
    info.invflags = static_cast<decltype(info.invflags)>(info.invflags | bit);
  return &term->value;
}
/// The term of `bit` with this value, if the info compares it.
template <typename Info, typename T> std::optional<Term<T>> term(const Info &info, unsigned bit, const T &value) {
  if ((info.bitmask & bit) == 0)
    return std::nullopt;
  return Term<T>{value, (info.invflags & bit) != 0};
}

/// Reads an xt info as a struct and makes a match of it: only if `write` gives back every byte, so that
/// nothing in it is lost, and only if it compares something.
template <typename Info, typename Match>
std::optional<Match> decode_exactly(const ExpressionReader::XtInfo &xt, Match (*read)(const Info &),
                                    Info (*write)(const Match &)) {
  constexpr std::size_t padded_size = (sizeof(Info) + 7) & ~std::size_t{7}; // XT_ALIGN
  if (xt.revision != 0 || xt.info.size() != padded_size)
    return std::nullopt;
  Info info;
  std::memcpy(&info, xt.info.data(), sizeof info);
  const Match match = read(info);
  const Info again = write(match);
  const auto padding = Bytes(xt.info).subspan(sizeof info);
  const auto is_zero = [](auto byte) { return byte == 0; };
  if (match == Match{} || !std::ranges::equal(bytes_of(again), bytes_of(info)) ||
      !std::ranges::all_of(padding, is_zero))
    return std::nullopt;
  return match;
}

} // namespace nwgate::xtables::bridge
