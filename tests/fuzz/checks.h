// SPDX-License-Identifier: LGPL-2.1-or-later
/// What must hold of everything that is made of a fuzzer's input. Where it does not, the process ends with an abort.
#pragma once

#include "engine/base/diagnostics.h"
#include "engine/program/program.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace nwgate::fuzz {

/// Prints why, and aborts.
[[noreturn]] void broken(const std::string &why);

std::shared_ptr<const SourceText> source(const std::uint8_t *data, std::size_t size);
/// Every form of the diagnostics can be made, places lie in the document, and there is an error if and only if
/// `failed`.
void check(const Diagnostics &diagnostics, bool failed);
/// The program keeps its invariants, reads back from its text, and has a JSON form.
void check(const Program &program, bool closed);

} // namespace nwgate::fuzz
