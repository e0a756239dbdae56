// SPDX-License-Identifier: LGPL-2.1-or-later
/// The use of a variable in an attribute: `$NAME`, `$NAME[@2]`, `$NAME[0]`.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace nwgate {

struct VariableAccess {
  std::string name;
  /// The one element that is meant, from 0 (`$NAME[0]`).
  std::optional<unsigned> element;
  /// The iterator that walks the list (`$NAME[@2]`); 0 when none is written. Without meaning beside `element`.
  unsigned iterator = 0;

  /// Reads what stands in an attribute, `$` included. On failure: why.
  static std::variant<VariableAccess, std::string> parse(std::string_view text);
  /// `$NAME`, `$NAME[@2]` or `$NAME[0]`.
  [[nodiscard]] std::string to_string() const;

  auto operator<=>(const VariableAccess &) const = default;
};

/// The highest iterator number that nwfilter allows.
inline constexpr unsigned max_iterator = 1000;

/// True for one or more of `A-Z a-z 0-9 _`.
bool is_variable_name(std::string_view text);
/// True for one or more of `A-Z a-z 0-9 _ . :`.
bool is_variable_value(std::string_view text);

} // namespace nwgate
