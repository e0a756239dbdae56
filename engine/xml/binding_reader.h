// SPDX-License-Identifier: LGPL-2.1-or-later
/// Reads what says that a port or a cgroup gets a filter: `<filterbinding>`, `<cgroupbinding>`, and libvirt's
/// `<interface>` and `<domain>`.
#pragma once

#include "engine/model/binding.h"
#include "engine/xml/document.h"

#include <vector>

namespace nwgate::xml {

/// Reads a document whose root is `<filterbinding>` or `<cgroupbinding>` (one binding), `<interface>` (one) or
/// `<domain>` (one for each interface that has a `<filterref>`). Every mistake is reported; where there is any, nothing
/// is returned.
std::vector<Binding> read_bindings(const std::shared_ptr<const SourceText> &source, const Limits &limits,
                                   Diagnostics &diagnostics);

} // namespace nwgate::xml
