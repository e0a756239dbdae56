// SPDX-License-Identifier: LGPL-2.1-or-later
/// Writes a binding as a `<filterbinding>` document.
#pragma once

#include "engine/model/binding.h"

#include <string>

namespace nwgate::xml {

/// What read_bindings() reads back. Without an owner's name, no owner is written.
std::string write_binding(const Binding &binding);

} // namespace nwgate::xml
