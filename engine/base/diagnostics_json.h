// SPDX-License-Identifier: LGPL-2.1-or-later
/// Diagnostics as JSON.
#pragma once

#include "engine/base/diagnostics.h"

#include <string>

namespace nwgate {

/// An array with an object for each diagnostic: severity, id, file, line, column, message, notes.
std::string to_json(const std::vector<Diagnostic> &diagnostics);

} // namespace nwgate
