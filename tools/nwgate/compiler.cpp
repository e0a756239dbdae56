// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/nwgate/compiler.h"

#include "drivers/xtables/layout.h"
#include "engine/model/diagnostic_ids.h"
#include "engine/resolve/resolve.h"

#include <fmt/format.h>

namespace nwgate {
namespace {

/// Legal names of devices that cannot be kept in a file, or that the tools would read as something else: `v+` as all
/// that begins with `v`.
std::optional<std::string> why_not_bound(const std::string &port) {
  if (port.starts_with('.'))
    return fmt::format("port '{}' cannot be bound: the file of a name that begins with a dot would be hidden", port);
  if (port.find_first_of("+!\"'\\") != std::string::npos)
    return fmt::format("port '{}' cannot be bound: ebtables and iptables have other meanings for + ! \" ' \\ in a name",
                       port);
  return std::nullopt;
}

} // namespace

Compiler::Resolved &Compiler::resolve_once(const FilterRef &reference) {
  const auto [entry, is_new] = resolved_.try_emplace(reference.filter);
  auto &resolved = entry->second;
  if (is_new) {
    session_.filters.take_asked();
    resolved.program = resolve(reference.filter, reference.where, session_.filters, session_.settings.resolve_limits,
                               resolved.diagnostics);
    resolved.filters = session_.filters.take_asked();
  }
  return resolved;
}

const Program *Compiler::program(const FilterRef &reference, Diagnostics &diagnostics) {
  auto &resolved = resolve_once(reference);
  diagnostics.append(resolved.diagnostics);
  return resolved.program ? &*resolved.program : nullptr;
}

const std::set<std::string> &Compiler::filters_of(const std::string &top) { return resolved_[top].filters; }

std::optional<ClosedProgram> Compiler::close(const Binding &binding, Diagnostics &diagnostics) {
  const auto *open = program(binding.filter, diagnostics);
  if (open == nullptr)
    return std::nullopt;
  return nwgate::close(*open, BindingValues(binding), session_.settings.resolve_limits, diagnostics);
}

std::optional<xtables::PortRuleset> Compiler::lay_out(const Binding &binding, Diagnostics &diagnostics) {
  if (const auto why = why_not_bound(binding.port)) {
    diagnostics.error(id::illegal_port_name, binding.where, *why);
    return std::nullopt;
  }
  const auto closed = close(binding, diagnostics);
  if (!closed)
    return std::nullopt;
  return xtables::lay_out(*closed, binding.port, session_.prefix, diagnostics);
}

} // namespace nwgate
