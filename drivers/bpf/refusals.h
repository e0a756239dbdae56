// SPDX-License-Identifier: LGPL-2.1-or-later
/// What a program for a cgroup cannot say.
#pragma once

#include "engine/program/program.h"

#include <memory>
#include <string>
#include <vector>

namespace nwgate::bpf {

struct Refusal {
  std::string reason;
  /// Of the rule; null if it is about none, or about a jump.
  std::shared_ptr<const Origin> origin;
};

/// One for each rule of the direction that cannot be expressed, with the first reason.
std::vector<Refusal> refusals_of(const Program &program, Direction direction);

} // namespace nwgate::bpf
