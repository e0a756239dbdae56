// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/program/verify.h"

#include "engine/program/names.h"

#include <fmt/format.h>
#include <set>

namespace nwgate {
namespace {

std::size_t operand_count(Form form) {
  switch (form) {
  case Form::single:
    return 1;
  case Form::masked:
  case Form::range:
  case Form::pair:
    return 2;
  case Form::range_pair:
    return 4;
  }
  return 0;
}

class Verifier {
public:
  Verifier(const Program &program, bool closed) : program_(program), closed_(closed) {}

  std::vector<std::string> run() {
    std::set<std::tuple<Layer, Direction, std::string>> names;
    for (const auto &chain : program_.chains) {
      chain_ = &chain;
      if (!names.emplace(chain.layer, chain.direction, chain.name).second)
        add("stands twice");
      if (chain.layer != Layer::ethernet && chain.name != root_chain)
        add("is a sub-chain of an IP layer");
      if (program_.find(chain.layer, chain.direction, root_chain) == nullptr)
        add("has no root chain");
      for (const auto &rule : chain.rules)
        check(rule);
    }
    return std::move(broken_);
  }

private:
  void add(const std::string &what) {
    broken_.push_back(
        fmt::format("chain {} {} {} {}", name_of(chain_->layer), name_of(chain_->direction), chain_->name, what));
  }

  void check(const ProgramRule &rule) {
    if (rule.verdict == VerdictKind::jump &&
        (chain_->name != root_chain || program_.find(chain_->layer, chain_->direction, rule.jump_target) == nullptr))
      add("has a jump that leads nowhere");
    if (rule.verdict == VerdictKind::reject && chain_->layer == Layer::ethernet)
      add("rejects in the ethernet layer");
    if (rule.verdict != VerdictKind::jump && !rule.origin)
      add("has a rule without an origin");
    if (closed_ && !rule.slots.empty())
      add("has a rule with slots");
    for (const auto &match : rule.matches) {
      if (match.operands.size() != operand_count(match.form))
        add(fmt::format("has a match of {} with {} operands", info_of(match.field).name, match.operands.size()));
      for (const auto &operand : match.operands)
        check(operand, rule);
    }
  }

  void check(const Operand &operand, const ProgramRule &rule) {
    const auto *reference = std::get_if<SlotRef>(&operand);
    if (reference != nullptr &&
        (reference->slot >= rule.slots.size() || reference->column >= rule.slots[reference->slot].columns.size()))
      add("has an operand without a slot");
  }

  const Program &program_;
  bool closed_;
  const Chain *chain_ = nullptr;
  std::vector<std::string> broken_;
};

} // namespace

std::vector<std::string> verify(const Program &program, bool closed) { return Verifier(program, closed).run(); }

} // namespace nwgate
