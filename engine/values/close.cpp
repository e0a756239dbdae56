// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/values/close.h"

#include "engine/model/diagnostic_ids.h"
#include "engine/model/value_type.h"
#include "engine/values/evaluate_slots.h"

#include <algorithm>
#include <fmt/format.h>

namespace nwgate {
namespace {

class Closer {
public:
  Closer(const BindingValues &values, const ResolveLimits &limits, Diagnostics &diagnostics)
      : values_(values), limits_(limits), diagnostics_(diagnostics) {}

  std::optional<ClosedProgram> run(const Program &program) {
    const auto errors = diagnostics_.error_count();
    ClosedProgram closed{{program.filter, {}}};
    for (const auto &chain : program.chains) {
      Chain &copy = closed.program.chains.emplace_back(
          Chain{chain.layer, chain.direction, chain.name, chain.priority, {}, chain.end});
      for (const auto &rule : chain.rules)
        expand(rule, copy.rules);
    }
    for (const auto &[variable, place] : missing_)
      diagnostics_.error(id::missing_variable, values_.where(), fmt::format("{} has no value", variable))
          .note(place, "used here");
    if (rule_count_ > limits_.rules)
      diagnostics_.error(id::too_many_rules, values_.where(),
                         fmt::format("the binding expands to more than {} rules", limits_.rules));
    return diagnostics_.error_count() == errors ? std::optional(std::move(closed)) : std::nullopt;
  }

private:
  void expand(const ProgramRule &rule, std::vector<ProgramRule> &out) {
    std::vector<std::vector<Tuple>> slots;
    std::size_t combinations = 1;
    for (const auto &slot : rule.slots) {
      auto tuples = evaluate_slot(slot, values_, rule, missing_, diagnostics_);
      if (!tuples)
        continue; // the other slots may have something to report too
      combinations = std::min(combinations * tuples->size(), limits_.rules + 1);
      slots.push_back(std::move(*tuples));
    }
    if (slots.size() != rule.slots.size())
      return;
    rule_count_ += combinations;
    if (rule_count_ > limits_.rules)
      return;
    std::vector<std::size_t> position(slots.size());
    for (std::size_t i = 0; i < combinations; ++i) {
      out.push_back(fill(rule, slots, position));
      for (std::size_t slot = 0; slot < slots.size(); ++slot) {
        if (++position[slot] < slots[slot].size())
          break;
        position[slot] = 0;
      }
    }
  }

  ProgramRule fill(const ProgramRule &rule, const std::vector<std::vector<Tuple>> &slots,
                   const std::vector<std::size_t> &position) {
    ProgramRule closed;
    closed.verdict = rule.verdict;
    closed.jump_target = rule.jump_target;
    closed.origin = rule.origin;
    const auto value_of = [&](const SlotRef &reference) {
      return slots[reference.slot][position[reference.slot]][reference.column];
    };
    const auto filled = [&](const Operand &operand) -> Operand {
      const auto *reference = std::get_if<SlotRef>(&operand);
      return reference == nullptr ? operand : parse(value_of(*reference), *reference);
    };
    closed.matches.reserve(rule.matches.size());
    for (const auto &match : rule.matches) {
      Match copy{match.field, match.negated, match.form, {}};
      copy.operands.reserve(match.operands.size());
      for (const auto &operand : match.operands)
        copy.operands.push_back(filled(operand));
      closed.matches.push_back(std::move(copy));
    }
    closed.comment = rule.comment;
    for (std::size_t slot = 0; slot < slots.size(); ++slot)
      for (std::size_t column = 0; column < rule.slots[slot].columns.size(); ++column)
        closed.values.emplace_back(rule.slots[slot].columns[column].access.to_string().substr(1),
                                   slots[slot][position[slot]][column].text);
    return closed;
  }

  Literal parse(const SlotValue &value, const SlotRef &reference) {
    if (auto literal = parse_value(reference.type, value.text))
      return std::move(*literal);
    const auto &where = value.where == nullptr ? reference.where : *value.where;
    diagnostics_
        .error(id::value_of_wrong_type, where, fmt::format("'{}' is not {}", value.text, describe(reference.type)))
        .note(reference.where, "used here");
    return 0U;
  }

  const BindingValues &values_;
  const ResolveLimits &limits_;
  Diagnostics &diagnostics_;
  MissingVariables missing_;
  std::size_t rule_count_ = 0;
};

} // namespace

std::optional<ClosedProgram> close(const Program &program, const BindingValues &values, const ResolveLimits &limits,
                                   Diagnostics &diagnostics) {
  return Closer(values, limits, diagnostics).run(program);
}

} // namespace nwgate
