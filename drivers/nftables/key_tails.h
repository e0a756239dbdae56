// SPDX-License-Identifier: LGPL-2.1-or-later
/// The values of a binding as the elements of a lookup's set.
#pragma once

#include "drivers/nftables/shared_program.h"
#include "engine/values/evaluate_slots.h"

#include <functional>
#include <optional>

namespace nwgate::nftables {

/// The literal's bytes in a key, as the packet's field has them, with zeros up to a multiple of four.
std::vector<std::uint8_t> encoded(const Literal &value, KeyPart::Encoding encoding);

/// Why a lookup has no elements for some values.
enum class NoTails : std::uint8_t {
  /// A value is not of the type that the attribute has: close() tells more.
  wrong_value,
  /// Intervals overlap in a way that no set takes, or run backwards.
  not_a_set,
};

/// The elements for the product of the slots' tuples, of which `tuples` has those of each slot of the lookup.
std::variant<KeyTails, NoTails> key_tails(const Lookup &lookup, const std::vector<const std::vector<Tuple> *> &tuples);

} // namespace nwgate::nftables
