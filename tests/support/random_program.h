// SPDX-License-Identifier: LGPL-2.1-or-later
/// Programs out of thin air, for properties that hold of every program.
#pragma once

#include "engine/program/program.h"

#include <functional>

namespace nwgate::test {

/// A number below `bound`, which is at least 1: from a random engine in tests, from its input in a fuzzer.
using Choice = std::function<unsigned(unsigned bound)>;

/// A program that verify() has nothing against. Names and texts hold whatever a string can.
Program random_program(const Choice &choose, bool closed);

/// Equal in everything that the text form holds: of origins the places, not the documents.
bool same_content(const Program &left, const Program &right);

} // namespace nwgate::test
