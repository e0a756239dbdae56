// SPDX-License-Identifier: LGPL-2.1-or-later
/// Reads the `<rule>` elements of a filter.
#pragma once

#include "engine/model/filter.h"
#include "engine/xml/document.h"

namespace nwgate::xml {

/// Reads one `<rule>`; its mistakes are reported. What is returned is for further checks only when there were any.
Rule read_rule(const Element &element, Diagnostics &diagnostics);

} // namespace nwgate::xml
