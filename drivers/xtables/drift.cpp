// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/drift.h"

#include <fmt/format.h>

namespace nwgate::xtables {
namespace {

std::optional<Drift::Kind> kind_of(const Operation &operation) {
  using Kind = Operation::Kind;
  switch (operation.kind) {
  case Kind::add_table:
  case Kind::add_base_chain:
  case Kind::add_chain:
  case Kind::add_rule:
    return Drift::Kind::missing;
  case Kind::replace_rule: // of a link, only its counts are
    return operation.origin ? std::optional(Drift::Kind::moved) : std::nullopt;
  case Kind::delete_rule:
    return operation.foreign ? Drift::Kind::foreign : Drift::Kind::left_over;
  case Kind::delete_chain:
  case Kind::delete_table:
    return Drift::Kind::left_over;
  case Kind::flush_chain: // goes before delete_chain
    break;
  }
  return std::nullopt;
}

} // namespace

std::vector<Drift> drift_of(const Plan &plan) {
  std::vector<Drift> drifts;
  for (const auto &operation : plan.operations) {
    const auto kind = kind_of(operation);
    if (!kind)
      continue;
    auto &drift = drifts.emplace_back();
    drift.kind = *kind;
    drift.table = table_text(operation.family);
    drift.chain = operation.chain;
    drift.rule = text_of(operation);
    drift.port = operation.port;
    drift.origin = operation.mark.place;
    if (!drift.chain.empty())
      drift.text = drift.rule.empty() ? "chain " + drift.chain : fmt::format("-A {} {}", drift.chain, drift.rule);
  }
  return drifts;
}

std::string_view name_of(Drift::Kind kind) {
  switch (kind) {
  case Drift::Kind::missing:
    return "missing";
  case Drift::Kind::left_over:
    return "left over";
  case Drift::Kind::foreign:
    return "foreign";
  case Drift::Kind::moved:
    break;
  }
  return "moved";
}

std::string_view table_text(Family family) {
  switch (family) {
  case Family::bridge:
    return "bridge nat";
  case Family::ip:
    return "ip filter";
  case Family::ip6:
    break;
  }
  return "ip6 filter";
}

} // namespace nwgate::xtables
