// SPDX-License-Identifier: LGPL-2.1-or-later
/// Pass 4: makes the chains of the program from the ordered rules.
#pragma once

#include "engine/program/program.h"
#include "engine/resolve/order_chains.h"

namespace nwgate {

Program lower_to_program(std::string_view top, const OrderedRules &rules);

} // namespace nwgate
