// SPDX-License-Identifier: LGPL-2.1-or-later
/// The pipeline from a binding to its ruleset. A filter is resolved once, however many bindings have it.
#pragma once

#include "drivers/xtables/ruleset.h"
#include "engine/values/close.h"
#include "tools/nwgate/session.h"

#include <map>
#include <set>
#include <string>

namespace nwgate {

class Compiler {
public:
  explicit Compiler(Session &session) : session_(session) {}

  /// Nothing when there is an error, which is in the diagnostics.
  std::optional<ClosedProgram> close(const Binding &binding, Diagnostics &diagnostics);
  std::optional<xtables::PortRuleset> lay_out(const Binding &binding, Diagnostics &diagnostics);
  /// The program with its slots; nullptr when the filter cannot be resolved.
  const Program *program(const FilterRef &reference, Diagnostics &diagnostics);
  /// The filters that a top filter leads to, itself included. Empty before program() was asked for it.
  [[nodiscard]] const std::set<std::string> &filters_of(const std::string &top);

private:
  struct Resolved {
    std::optional<Program> program;
    std::set<std::string> filters;
    Diagnostics diagnostics;
  };
  Resolved &resolve_once(const FilterRef &reference);

  Session &session_;
  std::map<std::string, Resolved> resolved_;
};

} // namespace nwgate
