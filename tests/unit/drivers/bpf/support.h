// SPDX-License-Identifier: LGPL-2.1-or-later
/// Programs from text.
#pragma once

#include "engine/program/program.h"

#include <string>

namespace nwgate::bpf::testing {

/// The chains of a program's text form.
ClosedProgram program_of(const std::string &chains);

} // namespace nwgate::bpf::testing
