// SPDX-License-Identifier: LGPL-2.1-or-later
/// Rules of every kind that ebtables can have, with their negated forms and edges.
#pragma once

#include "drivers/xtables/rule.h"

#include <vector>

namespace nwgate::xtables::test {

/// Grouped by what they are about, which names a chain.
struct SampleGroup {
  const char *name;
  std::vector<Rule> rules;
};

/// What ebtables-save prints of these, ebtables-restore takes back as the same rules.
std::vector<SampleGroup> sample_rules();

} // namespace nwgate::xtables::test
