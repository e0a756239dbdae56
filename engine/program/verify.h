// SPDX-License-Identifier: LGPL-2.1-or-later
/// The invariants of a program, for tests and the fuzzers.
#pragma once

#include "engine/program/program.h"

#include <string>
#include <vector>

namespace nwgate {

/// What is broken in a program; empty when all is well. With `closed`, slots and references to them are broken too.
std::vector<std::string> verify(const Program &program, bool closed);

} // namespace nwgate
