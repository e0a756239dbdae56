// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/nftables/plan.h"

#include "drivers/nftables/base_chains.h"
#include "drivers/nftables/cgroup_counters.h"
#include "drivers/nftables/cgroup_layout.h"
#include "drivers/nftables/table_planner.h"
#include "engine/model/diagnostic_ids.h"
#include "engine/program/program.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <linux/netfilter/nf_tables.h>
#include <set>

namespace nwgate::nftables {
namespace {

using Kind = Operation::Kind;
using netlink::Family;

SourcePosition kernel_place() {
  static const auto source = std::make_shared<const SourceText>("kernel", "");
  return {source, 0, 0};
}

class PlanWriter {
public:
  explicit PlanWriter(netlink::Transaction &transaction) : transaction_(transaction) {}

  void write(const Operation &operation, netlink::Tag tag) {
    const netlink::TableName table{operation.family, table_name};
    const netlink::ChainName chain{operation.family, table_name, operation.name};
    const netlink::SetName set{operation.family, table_name, operation.name};
    switch (operation.kind) {
    case Kind::add_table:
      transaction_.add_table(table, tag, program_mark({}));
      break;
    case Kind::wake_table:
      transaction_.wake_table(table, tag);
      break;
    case Kind::delete_table:
      transaction_.delete_table(table, tag);
      break;
    case Kind::add_chain:
      if (operation.base)
        transaction_.add_base_chain(chain, *operation.base, tag, program_mark(operation.program, operation.port));
      else
        transaction_.add_chain(chain, tag, program_mark(operation.program));
      break;
    case Kind::delete_chain:
      transaction_.delete_chain(chain, tag);
      break;
    case Kind::flush_chain:
      transaction_.flush_chain(chain, tag);
      break;
    case Kind::add_rule:
      transaction_.add_rule(chain, operation.rule, operation.position, tag);
      break;
    case Kind::replace_rule:
      transaction_.replace_rule(chain, operation.rule, operation.handle, tag);
      break;
    case Kind::delete_rule:
      transaction_.delete_rule(chain, operation.handle, tag);
      break;
    case Kind::add_set:
      transaction_.add_set(set, operation.spec, tag, set_mark(operation.program, operation.spec.verdicts));
      break;
    case Kind::delete_set:
      transaction_.delete_set(set, tag);
      break;
    case Kind::add_elements:
      transaction_.add_elements(set, operation.spec, operation.elements, tag, operation.element_counts);
      break;
    case Kind::delete_elements:
      transaction_.delete_elements(set, operation.spec, operation.elements, tag);
      break;
    case Kind::add_verdict:
      transaction_.add_element(set, operation.verdict, tag, operation.counts);
      break;
    case Kind::delete_verdict:
      transaction_.delete_element(set, operation.verdict, tag);
      break;
    }
  }

private:
  netlink::Transaction &transaction_;
};

void report(const netlink::Refusal &refusal, const Operation *operation, Diagnostics &diagnostics) {
  if (operation == nullptr) {
    diagnostics.error(id::refused_by_kernel, kernel_place(), "the kernel refuses the change: " + refusal.message);
    return;
  }
  if (!operation->origin) {
    diagnostics.error(
        id::refused_by_kernel, kernel_place(),
        fmt::format("the kernel refuses to change '{}' of the table nwgate: {}", operation->name, refusal.message));
    return;
  }
  auto &diagnostic = diagnostics.error(id::refused_by_kernel, operation->origin->where,
                                       fmt::format("the kernel refuses this rule: {}", refusal.message));
  diagnostic.note(kernel_place(), fmt::format("in chain {}", operation->name));
  for (auto step = operation->origin->path.rbegin(); step != operation->origin->path.rend(); ++step)
    diagnostic.note(step->where, "included from here");
}

} // namespace

namespace {

/// Ports whose devices have chains of their own.
void add_device_ports(const KernelState &state, std::map<std::string, KnownPort> &ports) {
  if (const auto *table = state.find(Family::netdev))
    for (const auto &[name, chain] : table->chains)
      if (!chain.port.empty() && chain.program)
        ports[chain.port].program = chain.program->name;
}

} // namespace

std::map<std::string, KnownPort> ports_in(const KernelState &state) {
  constexpr std::size_t name_length = 16;
  std::map<std::string, KnownPort> ports;
  const auto *table = state.find(Family::bridge);
  static const KernelTable none;
  table = table == nullptr ? &none : table;
  const auto name_of = [](const std::uint8_t *bytes) {
    const auto *text = reinterpret_cast<const char *>(bytes);
    return std::string(text, strnlen(text, name_length));
  };
  const auto for_each = [&](const KernelSet &set, auto visit) {
    const auto size = set.info.spec.element_size();
    const auto &elements = set.listing.elements;
    for (std::size_t at = 0; size >= name_length && at + size <= elements.size(); at += size)
      visit(elements.data() + at);
  };
  for (const auto &[name, set] : table->sets)
    if (set.program && !set.program->name.empty() && name == ports_set(set.program->name, Direction::out))
      for_each(set, [&, &program = set.program->name](const std::uint8_t *element) { // Clang 14
        ports[name_of(element)].program = program;
      });
  if (const auto *others = state.find_set(Family::bridge, shared::out_others))
    for (const auto &element : others->listing.verdicts)
      if (const auto chain = table->chains.find(element.chain); chain != table->chains.end() && chain->second.program)
        ports[name_of(element.key.data())].program = chain->second.program->name;
  add_device_ports(state, ports);
  for (const auto family : all_families)
    if (const auto *marks = state.find_set(family, shared::out_marks);
        marks != nullptr && marks->info.spec.data_length == sizeof KnownPort::mark)
      for_each(*marks, [&](const std::uint8_t *element) {
        std::memcpy(&ports[name_of(element)].mark, element + name_length, sizeof KnownPort::mark);
      });
  return ports;
}

namespace {

/// The rules that ports share have another mask than the plan would give them: the marks of ports that it does not
/// touch would mean nothing any more.
bool has_other_mask(const KernelTable &present, const LaidTable &wanted) {
  const auto there = present.chains.find(accept_chain);
  const auto laid = wanted.chains.find(accept_chain);
  return there != present.chains.end() && laid != wanted.chains.end() && !there->second.rules.empty() &&
         there->second.rules.front().form != laid->second.rules.front().form;
}

bool plan_cgroups(const DesiredCgroups &desired, const KernelState &state, const xtables::SetIndex &sets,
                  Diagnostics &diagnostics, std::set<std::string> &at_fault, std::vector<Operation> &out) {
  const auto *present = state.find(Family::inet);
  const auto wanted = desired_cgroups(desired, present, sets, diagnostics, at_fault);
  if (!wanted)
    return false;
  if (present != nullptr && !present->is_ours()) {
    if (wanted->is_empty)
      return true;
    diagnostics.error(id::chain_is_foreign, kernel_place(),
                      fmt::format("there is a table '{}' that is not nwgate's", table_text(Family::inet)));
    return false;
  }
  std::vector<Operation> operations;
  PlanContext context;
  context.scope = desired.named_only ? Scope::named_ports : Scope::everything;
  plan_table(Family::inet, *wanted, present, Touched(desired), context, nullptr, operations);
  carry_counts(present, desired, operations);
  std::move(operations.begin(), operations.end(), std::back_inserter(out));
  return true;
}

} // namespace

std::optional<Plan> make_plan(const Desired &desired, const KernelState &state, const PlanContext &context,
                              const xtables::SetIndex &sets, Diagnostics &diagnostics,
                              std::set<std::string> &at_fault) {
  const auto wanted = desired_state(desired, state, context, sets, diagnostics, at_fault);
  if (!wanted)
    return std::nullopt;
  Plan plan;
  plan.generation = state.generation;
  const Touched touched(desired, context);
  for (const auto family : all_families) {
    const auto *present = state.find(family);
    if (present != nullptr && !present->is_ours()) {
      if (!wanted->ruleset.tables.contains(family))
        continue;
      diagnostics.error(id::chain_is_foreign, kernel_place(),
                        fmt::format("there is a table '{}' that is not nwgate's", table_text(family)));
      return std::nullopt;
    }
    const auto laid = wanted->ruleset.tables.find(family);
    if (context.scope == Scope::named_ports && present != nullptr && laid != wanted->ruleset.tables.end() &&
        has_other_mask(*present, laid->second)) {
      diagnostics.error(
          id::refused_by_kernel, kernel_place(),
          fmt::format("the kernel has ports with another mark-mask in {}: run nwgate apply first", table_text(family)));
      return std::nullopt;
    }
    plan_table(family, *wanted, present, touched, context, desired.is_device, plan.operations);
  }
  if (desired.cgroups && !plan_cgroups(*desired.cgroups, state, sets, diagnostics, at_fault, plan.operations))
    return std::nullopt;
  return plan;
}

Result<netlink::Commit> commit(const Plan &plan, netlink::Channel &channel, Diagnostics &diagnostics,
                               const Operation **refused) {
  netlink::Transaction transaction(plan.generation);
  PlanWriter writer(transaction);
  for (std::size_t i = 0; i < plan.operations.size(); ++i)
    writer.write(plan.operations[i], i);
  auto result = transaction.commit(channel);
  if (result && result->outcome == netlink::Commit::Outcome::refused) {
    const auto &refusal = result->refusals.front();
    *refused = refusal.tag ? &plan.operations.at(*refusal.tag) : nullptr;
    report(refusal, *refused, diagnostics);
  }
  return result;
}

} // namespace nwgate::nftables
