// SPDX-License-Identifier: LGPL-2.1-or-later
/// Where in a packet the fields lie that a rule can look up.
#pragma once

#include "drivers/netlink/expression_list.h"
#include "drivers/nftables/lookups.h"

#include <cstdint>
#include <optional>
#include <utility>

namespace nwgate::nftables {

/// How a variable's field is written in a key; nothing if such a field cannot be looked up in this rule.
std::optional<KeyPart::Encoding> encoding_of(const Match &match, const ProgramRule &rule, Layer layer);

/// Loads the field to a register, padded with zeros to a multiple of four bytes. The rule does not match if the packet
/// has no such field, in the sense in which the layout xtables finds none. Other registers from `scratch` on are used.
void load_field(Field field, Layer layer, netlink::Register to, netlink::Register scratch,
                netlink::ExpressionList &out);

/// Where a field of STP stands in the network header, and its length, in bytes: ebt_stp.c of the kernel.
std::pair<std::uint32_t, std::uint32_t> stp_place(Field field);

} // namespace nwgate::nftables
