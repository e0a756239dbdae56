// SPDX-License-Identifier: LGPL-2.1-or-later
/// How ebtables-save prints options and values.
#pragma once

#include "drivers/xtables/rule.h"

#include <optional>
#include <string>
#include <string_view>

namespace nwgate::xtables::bridge {

std::string text_of(std::uint8_t number);
std::string text_of(std::uint16_t number);
/// `10.0.0.0/8`, `10.0.2.0/255.0.255.0`, and no mask of 32 bits.
std::string text_of(const MaskedIpv4 &address);
/// `fe80::/64`, `::304/ffff::ffff`, and no mask of 128 bits.
std::string text_of(const MaskedIpv6 &address);
/// `01:02:03:00:00:00/ff:ff:ff:00:00:00`, and no mask of ones.
std::string text_of(const MaskedMac &address);
/// `5:7`, or `5` for a range of one number.
std::string text_of(const Range<std::uint16_t> &range);
std::string text_of(const Range<std::uint32_t> &range);

/// Appends `NAME VALUE ` or `NAME ! VALUE `.
void add_option(std::string &text, std::string_view name, bool negated, std::string_view value);

/// The same for a term that is there, its value printed by `format`.
template <typename T, typename Format>
void add_option(std::string &text, std::string_view name, const std::optional<Term<T>> &term, Format format) {
  if (term)
    add_option(text, name, term->negated, format(term->value));
}
template <typename T> void add_option(std::string &text, std::string_view name, const std::optional<Term<T>> &term) {
  add_option(text, name, term, [](const T &value) { return text_of(value); });
}

} // namespace nwgate::xtables::bridge
