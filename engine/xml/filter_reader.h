// SPDX-License-Identifier: LGPL-2.1-or-later
/// Reads `<filter>` documents.
#pragma once

#include "engine/model/filter.h"
#include "engine/xml/document.h"

#include <optional>

namespace nwgate::xml {

/// Reads a document whose root is `<filter>`. Every mistake in it is reported; where there is any, nothing is returned.
/// Warnings name what nwgate does otherwise than libvirt 9.0 (docs/differences.md).
std::optional<Filter> read_filter(const std::shared_ptr<const SourceText> &source, const Limits &limits,
                                  Diagnostics &diagnostics);

} // namespace nwgate::xml
