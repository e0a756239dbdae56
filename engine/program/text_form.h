// SPDX-License-Identifier: LGPL-2.1-or-later
/// The canonical text of a program: the golden, the diff and the debug view. docs/program.md is its grammar.
#pragma once

#include "engine/program/program.h"

#include <string>
#include <string_view>

namespace nwgate {

std::string to_text(const Program &program);
/// One match: `not ip.saddr 10.0.0.0/8`.
std::string to_text(const Match &match, const ProgramRule &rule);

/// Reads back what to_text() made. On failure: the line and what was expected.
std::variant<Program, std::string> parse_program(std::string_view text);

} // namespace nwgate
