// SPDX-License-Identifier: LGPL-2.1-or-later
/// How much of a frame decides what becomes of it.
#pragma once

#include "engine/explain/bytes.h"

namespace nwgate::explain {

/// Where the headers end that rules and connection tracking look at; behind that is data. The frame has its length on
/// the wire, with anything in what is unknown; the answer may depend on that only if it is behind what is known.
std::size_t headers_end(Bytes frame);

} // namespace nwgate::explain
