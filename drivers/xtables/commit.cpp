// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/plan.h"
#include "engine/model/diagnostic_ids.h"

#include <algorithm>
#include <cerrno>
#include <fmt/format.h>

namespace nwgate::xtables {
namespace {

using Kind = Operation::Kind;

class PlanWriter {
public:
  explicit PlanWriter(netlink::Transaction &transaction) : transaction_(transaction) {}

  void write(Operation &operation, netlink::Tag tag) {
    const auto chain = chain_of(operation.family, operation.chain);
    switch (operation.kind) {
    case Kind::add_table:
      transaction_.add_table(table_of(operation.family), tag, owner_mark({}));
      break;
    case Kind::add_base_chain:
      transaction_.add_base_chain(chain, base_of(operation), tag, owner_mark({}));
      break;
    case Kind::add_chain:
      transaction_.add_chain(chain, tag, owner_mark(operation.port));
      break;
    case Kind::add_rule:
      transaction_.add_rule(*operation.rule, operation.position, tag);
      break;
    case Kind::replace_rule:
      transaction_.replace_rule(*operation.rule, operation.handle, tag);
      break;
    case Kind::delete_rule:
      transaction_.delete_rule(chain, operation.handle, tag);
      break;
    case Kind::flush_chain:
      transaction_.flush_chain(chain, tag);
      break;
    case Kind::delete_chain:
      transaction_.delete_chain(chain, tag);
      break;
    case Kind::delete_table:
      transaction_.delete_table(table_of(operation.family), tag);
      break;
    }
  }

private:
  static netlink::BaseChain base_of(const Operation &operation) {
    const auto bases = base_chains(operation.family);
    const auto found =
        std::ranges::find_if(bases, [&](const NamedBaseChain &base) { return operation.chain == base.name; });
    return {"filter", found->hook, found->priority, netlink::Policy::accept, {}};
  }

  netlink::Transaction &transaction_;
};

void report(const netlink::Refusal &refusal, const Plan &plan, Diagnostics &diagnostics) {
  if (!refusal.tag) {
    diagnostics.error(id::refused_by_kernel, kernel_place(), "the kernel refuses the change: " + refusal.message);
    return;
  }
  const auto &operation = plan.operations.at(*refusal.tag);
  if (!operation.origin) {
    auto &diagnostic =
        diagnostics.error(id::refused_by_kernel, kernel_place(),
                          fmt::format("the kernel refuses to change chain '{}'{}: {}", operation.chain,
                                      operation.listed ? " (" + text_of(operation) + ")" : "", refusal.message));
    if (refusal.code == EBUSY && operation.kind == Kind::delete_chain)
      diagnostic.note(kernel_place(), "a rule that is not nwgate's leads to it: delete that rule first");
    return;
  }
  auto &diagnostic = diagnostics.error(id::refused_by_kernel, operation.origin->where,
                                       fmt::format("the kernel refuses this rule: {}", refusal.message));
  diagnostic.note(kernel_place(), fmt::format("as -A {} {}", operation.chain, text_of(operation)));
  for (auto step = operation.origin->path.rbegin(); step != operation.origin->path.rend(); ++step)
    diagnostic.note(step->where, "included from here");
}

} // namespace

SourcePosition kernel_place() {
  static const auto source = std::make_shared<const SourceText>("kernel", "");
  return {source, 0, 0};
}

Result<netlink::Commit> commit(Plan &plan, netlink::Channel &channel, Diagnostics &diagnostics) {
  netlink::Transaction transaction(plan.generation);
  PlanWriter writer(transaction);
  for (std::size_t i = 0; i < plan.operations.size(); ++i)
    writer.write(plan.operations[i], i);
  auto result = transaction.commit(channel);
  // The others may follow from the first: the kernel goes on with a chain that is missing, or a table that is not
  // valid.
  if (result && result->outcome == netlink::Commit::Outcome::refused)
    report(result->refusals.front(), plan, diagnostics);
  return result;
}

} // namespace nwgate::xtables
