// SPDX-License-Identifier: LGPL-2.1-or-later
/// Reads the operands of a closed program's matches as the types that the xtables rules have.
#pragma once

#include "drivers/xtables/rule.h"
#include "engine/program/program.h"

namespace nwgate::xtables {

/// The operand's literal. Only closed programs come here.
inline const Literal &literal(const nwgate::Match &match, std::size_t index) {
  return std::get<Literal>(match.operands.at(index));
}

template <typename Number> Number number(const nwgate::Match &match, std::size_t index = 0) {
  return static_cast<Number>(std::get<std::uint32_t>(literal(match, index)));
}

template <typename Number> Term<Number> number_term(const nwgate::Match &match) {
  return {number<Number>(match), match.negated};
}

/// Form single is a range of one.
template <typename Number> Term<Range<Number>> range_term(const nwgate::Match &match) {
  return {{number<Number>(match, 0), number<Number>(match, match.operands.size() - 1)}, match.negated};
}

/// Addresses are masked here: the kernel compares the masked field with the operand as it is.
inline Term<MaskedMac> mac_term(const nwgate::Match &match) {
  MaskedMac value{std::get<MacAddress>(literal(match, 0))};
  if (match.form == Form::masked)
    value.mask = std::get<MacAddress>(literal(match, 1));
  value.address = value.address & value.mask;
  return {value, match.negated};
}

template <typename Masked, typename Address> Term<Masked> address_term(const nwgate::Match &match) {
  Masked value{std::get<Address>(literal(match, 0))};
  if (match.form == Form::masked)
    value.mask = Address::mask(number<unsigned>(match, 1));
  value.address = value.address & value.mask;
  return {value, match.negated};
}
inline Term<MaskedIpv4> ipv4_term(const nwgate::Match &match) { return address_term<MaskedIpv4, Ipv4Address>(match); }
inline Term<MaskedIpv6> ipv6_term(const nwgate::Match &match) { return address_term<MaskedIpv6, Ipv6Address>(match); }

} // namespace nwgate::xtables
