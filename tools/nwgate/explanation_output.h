// SPDX-License-Identifier: LGPL-2.1-or-later
/// A packet's way through a program, for people and for programs.
#pragma once

#include "engine/explain/explain.h"

#include <string>

namespace nwgate {

std::string explanation_text(const Explanation &explanation);
std::string explanation_json(const Explanation &explanation);

} // namespace nwgate
