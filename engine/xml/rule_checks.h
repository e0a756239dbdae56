// SPDX-License-Identifier: LGPL-2.1-or-later
/// What is wrong with a rule, or different from libvirt, once its attributes are known.
#pragma once

#include "engine/base/diagnostics.h"
#include "engine/model/filter.h"

namespace nwgate::xml {

/// Reports contradictions between a rule's attributes, and warns of attributes without effect and of differences to
/// libvirt 9.0.
void check_rule(const Rule &rule, Diagnostics &diagnostics);

} // namespace nwgate::xml
