// SPDX-License-Identifier: LGPL-2.1-or-later
/// A program as JSON, for other programs.
#pragma once

#include "engine/program/program.h"

#include <string>

namespace nwgate {

/// The same content as the text form, indented; the order of keys is fixed.
std::string to_json(const Program &program);

} // namespace nwgate
