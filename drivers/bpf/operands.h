// SPDX-License-Identifier: LGPL-2.1-or-later
/// The operands of a closed program's matches by their type.
#pragma once

#include "engine/program/program.h"

namespace nwgate::bpf {

template <typename Value> const Value &operand(const Match &match, std::size_t index) {
  return std::get<Value>(std::get<Literal>(match.operands.at(index)));
}
inline std::uint32_t number(const Match &match, std::size_t index) { return operand<std::uint32_t>(match, index); }
inline const Ipv4Address &ipv4(const Match &match, std::size_t index) { return operand<Ipv4Address>(match, index); }
inline const Ipv6Address &ipv6(const Match &match, std::size_t index) { return operand<Ipv6Address>(match, index); }

} // namespace nwgate::bpf
