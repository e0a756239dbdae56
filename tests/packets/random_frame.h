// SPDX-License-Identifier: LGPL-2.1-or-later
/// Frames that a program's rules care about.
#pragma once

#include "frame.h"

#include "engine/program/program.h"

#include <random>

namespace nwgate::packets {

/// A frame for one rule of a closed program: most often the rule matches it, at times by a hair not. The rules that
/// come before, and the chain that the rule stands in, are not looked at.
Frame random_frame(const Program &program, Direction direction, std::mt19937 &random);

} // namespace nwgate::packets
