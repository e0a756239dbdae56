// SPDX-License-Identifier: LGPL-2.1-or-later
/// A packet's way through a program, for people and for programs.
#pragma once

#include "engine/explain/explain.h"

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace nwgate {

std::string explanation_text(const Explanation &explanation);
std::string explanation_json(const Explanation &explanation);
/// Verdict, what decided, and, if it is wanted, each layer's rules.
nlohmann::ordered_json explanation_object(const Explanation &explanation, bool with_layers = true);
/// `no-ip-spoofing.xml:11:3 < clean-traffic.xml:9:3`, `the kernel itself: WHY`; empty if no rule decided.
std::string decided_by_text(const Explanation &explanation);

} // namespace nwgate
