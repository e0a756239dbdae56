// SPDX-License-Identifier: LGPL-2.1-or-later
/// The words of the text and JSON forms for what a program is made of.
#pragma once

#include "engine/program/program.h"

#include <optional>
#include <string>
#include <string_view>

namespace nwgate {

std::string_view name_of(Layer layer);
std::string_view name_of(Direction direction);
std::string_view name_of(VerdictKind verdict);
std::string_view name_of(ValueType type);

std::optional<Layer> find_layer(std::string_view name);
std::optional<Direction> find_direction(std::string_view name);
std::optional<VerdictKind> find_verdict(std::string_view name);
std::optional<ValueType> find_value_type(std::string_view name);

/// `new|established`; `none` for the empty set.
std::string states_to_text(std::uint32_t states);
std::optional<std::uint32_t> parse_states(std::string_view text);
/// `syn|ack`; `none` for the empty set.
std::string tcp_flags_to_text(std::uint32_t flags);
std::optional<std::uint32_t> parse_tcp_flags(std::string_view text);

} // namespace nwgate
