// SPDX-License-Identifier: LGPL-2.1-or-later
/// Writes a binding as a `<filterbinding>` document.
#pragma once

#include "engine/model/binding.h"

#include <string>

namespace nwgate::xml {

/// What read_bindings() reads back. Owner and UUID that the binding does not have are written as `-` and zeros, since
/// the document form requires them.
std::string write_binding(const Binding &binding);

} // namespace nwgate::xml
