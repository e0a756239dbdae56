// SPDX-License-Identifier: LGPL-2.1-or-later
/// Validation against the RELAX NG schemas of xml-schema/, which are built into the program.
#pragma once

#include "engine/xml/document.h"

#include <cstdint>

namespace nwgate::xml {

enum class SchemaKind : std::uint8_t { filter, binding, cgroup_binding };

/// Reports what the schema refuses, as one diagnostic. Does nothing when `diagnostics` has an error already: the
/// readers' own checks run first and say more.
void validate(const Document &document, SchemaKind kind, Diagnostics &diagnostics);

} // namespace nwgate::xml
