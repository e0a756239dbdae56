// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/unit/drivers/nftables/fake_kernel.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace nwgate::nftables::testing {
namespace {

using Kind = Operation::Kind;
using netlink::Elements;

/// The records of elements, in order.
std::set<std::vector<std::uint8_t>> records(const Elements &elements, std::size_t size) {
  std::set<std::vector<std::uint8_t>> all;
  for (std::size_t at = 0; at + size <= elements.size(); at += size)
    all.emplace(elements.begin() + static_cast<std::ptrdiff_t>(at),
                elements.begin() + static_cast<std::ptrdiff_t>(at + size));
  return all;
}

Elements joined(const std::set<std::vector<std::uint8_t>> &records) {
  Elements all;
  for (const auto &record : records)
    all.insert(all.end(), record.begin(), record.end());
  return all;
}

const char *name_of(Kind kind) {
  static constexpr std::array names{"add_table",   "wake_table",   "delete_table",    "add_chain",   "delete_chain",
                                    "flush_chain", "add_rule",     "replace_rule",    "delete_rule", "add_set",
                                    "delete_set",  "add_elements", "delete_elements", "add_verdict", "delete_verdict"};
  return names.at(static_cast<std::size_t>(kind));
}

} // namespace

void FakeKernel::commit(const Plan &plan) {
  EXPECT_EQ(plan.generation, state.generation);
  for (const auto &operation : plan.operations)
    do_it(operation);
  if (!plan.operations.empty())
    ++state.generation;
}

void FakeKernel::do_it(const Operation &operation) {
  const auto what = fmt::format("{} {}", name_of(operation.kind), operation.name);
  if (operation.kind == Kind::add_table) {
    EXPECT_FALSE(state.tables.contains(operation.family)) << what;
    state.tables[operation.family].info.user_data = program_mark({});
    return;
  }
  ASSERT_TRUE(state.tables.contains(operation.family)) << what;
  auto &table = state.tables.at(operation.family);
  const bool is_chain = operation.kind == Kind::flush_chain || operation.kind == Kind::delete_chain ||
                        operation.kind == Kind::add_rule || operation.kind == Kind::replace_rule ||
                        operation.kind == Kind::delete_rule;
  const bool is_set = operation.kind == Kind::delete_set || operation.kind == Kind::add_elements ||
                      operation.kind == Kind::delete_elements || operation.kind == Kind::add_verdict ||
                      operation.kind == Kind::delete_verdict;
  if (is_chain) {
    ASSERT_TRUE(table.chains.contains(operation.name)) << what;
  } else if (is_set) {
    ASSERT_TRUE(table.sets.contains(operation.name)) << what;
  }
  switch (operation.kind) {
  case Kind::add_table:
  case Kind::wake_table:
    break;
  case Kind::delete_table:
    state.tables.erase(operation.family);
    break;
  case Kind::add_chain: {
    auto &chain = table.chains[operation.name];
    chain.info.name.name = operation.name;
    chain.info.base = operation.base;
    chain.program = operation.program.value_or(ProgramId{});
    break;
  }
  case Kind::delete_chain:
    EXPECT_TRUE(table.chains.at(operation.name).rules.empty()) << what;
    table.chains.erase(operation.name);
    break;
  case Kind::flush_chain:
    table.chains.at(operation.name).rules.clear();
    break;
  case Kind::add_rule:
  case Kind::replace_rule:
  case Kind::delete_rule:
    add_rule(table.chains.at(operation.name), operation);
    break;
  case Kind::add_set: {
    EXPECT_FALSE(table.sets.contains(operation.name)) << what;
    auto &set = table.sets[operation.name];
    set.info.spec = operation.spec;
    set.program = operation.program.value_or(ProgramId{});
    set.elements_read = true;
    break;
  }
  case Kind::delete_set:
    table.sets.erase(operation.name);
    break;
  case Kind::add_elements:
    add_elements(table.sets.at(operation.name), operation.elements);
    break;
  case Kind::delete_elements:
    delete_elements(table.sets.at(operation.name), operation.elements);
    break;
  case Kind::add_verdict: {
    EXPECT_TRUE(table.chains.contains(operation.verdict.chain)) << what;
    table.sets.at(operation.name).listing.verdicts.push_back(operation.verdict);
    break;
  }
  case Kind::delete_verdict:
    EXPECT_EQ(std::erase(table.sets.at(operation.name).listing.verdicts, operation.verdict), 1U) << what;
    break;
  }
}

void FakeKernel::add_rule(KernelChain &chain, const Operation &operation) {
  auto &rules = chain.rules;
  const auto at =
      std::ranges::find_if(rules, [&](const KernelRule &rule) { return rule.info.handle == operation.handle; });
  if (operation.kind == Kind::add_rule) {
    const auto next = std::ranges::find_if(rules, [&](const KernelRule &rule) {
      return operation.position == netlink::Position::before(rule.info.handle);
    });
    EXPECT_TRUE(next != rules.end() || operation.position == netlink::Position::append()) << operation.name;
    KernelRule rule;
    rule.info.handle = next_handle_++;
    rule.info.content = operation.rule;
    rule.form = netlink::canonical_form(operation.rule.expressions);
    rules.insert(next, std::move(rule));
    return;
  }
  ASSERT_NE(at, rules.end()) << operation.name;
  if (operation.kind == Kind::delete_rule)
    rules.erase(at);
  else
    at->info.content = operation.rule;
}

void FakeKernel::add_elements(KernelSet &set, const Elements &elements) {
  const auto size = set.info.spec.element_size();
  auto there = records(set.listing.elements, size);
  for (const auto &record : records(elements, size)) {
    EXPECT_TRUE(there.insert(record).second) << hex(record) << " is there already";
  }
  set.listing.elements = joined(there);
}

void FakeKernel::delete_elements(KernelSet &set, const Elements &elements) {
  const auto size = set.info.spec.element_size();
  auto there = records(set.listing.elements, size);
  for (const auto &record : records(elements, size))
    EXPECT_EQ(there.erase(record), 1U) << hex(record) << " is not there";
  set.listing.elements = joined(there);
}

KernelState FakeKernel::without_elements() const {
  auto copy = state;
  for (auto &[family, table] : copy.tables)
    for (auto &[name, set] : table.sets) {
      set.listing = {};
      set.elements_read = false;
    }
  return copy;
}

std::set<std::string> FakeKernel::chains(netlink::Family family) const {
  std::set<std::string> names;
  if (const auto *table = state.find(family))
    for (const auto &[name, chain] : table->chains)
      names.insert(name);
  return names;
}

std::set<std::string> FakeKernel::sets(netlink::Family family) const {
  std::set<std::string> names;
  if (const auto *table = state.find(family))
    for (const auto &[name, set] : table->sets)
      names.insert(name);
  return names;
}

std::vector<std::string> FakeKernel::elements(netlink::Family family, const std::string &set) const {
  std::vector<std::string> all;
  if (const auto *found = state.find_set(family, set))
    for (const auto &record : records(found->listing.elements, found->info.spec.element_size()))
      all.push_back(hex(record));
  return all;
}

std::vector<std::uint64_t> FakeKernel::handles(netlink::Family family, const std::string &chain) const {
  std::vector<std::uint64_t> all;
  for (const auto &rule : state.find(family)->chains.at(chain).rules)
    all.push_back(rule.info.handle);
  return all;
}

void FakeHost::define(const std::string &filter, const std::string &body) { filters_[filter] = body; }

void FakeHost::bind(const std::string &port, const std::string &filter, const Parameters &parameters) {
  bindings_[port] = {filter, parameters};
}

Desired FakeHost::desired(const std::vector<std::string> &ports) const {
  FilterMap filters;
  for (const auto &[name, body] : filters_)
    filters.add(test::filter_named(name, body));
  std::map<std::string, Program> programs;
  std::map<std::string, ProgramSharing> sharings;
  Desired result;
  result.options = options;
  for (const auto &port : ports) {
    const auto &binding = bindings_.at(port);
    if (!programs.contains(binding.filter))
      sharings.emplace(binding.filter,
                       programs.emplace(binding.filter, test::program_of(filters, binding.filter)).first->second);
    Diagnostics diagnostics;
    auto program = sharings.at(binding.filter)
                       .bind(port, BindingValues(test::bound(binding.filter, binding.parameters)), {}, diagnostics);
    EXPECT_TRUE(program) << test::text_of(diagnostics);
    program->attachment = attachment_;
    const auto device = devices_.find(port);
    result.ports.push_back(
        {std::move(*program), device == devices_.end() ? std::nullopt : std::optional(device->second)});
  }
  return result;
}

namespace {

Plan must_plan(const Desired &desired, const KernelState &state, const PlanContext &context) {
  Diagnostics diagnostics;
  std::set<std::string> at_fault;
  auto plan = make_plan(desired, state, context, NoSets(), diagnostics, at_fault);
  EXPECT_TRUE(plan) << test::text_of(diagnostics);
  return plan ? std::move(*plan) : Plan();
}

} // namespace

Plan FakeHost::plan_for(const std::vector<std::string> &ports, const std::vector<std::string> &leaving) const {
  auto wanted = desired(ports);
  wanted.leaving = leaving;
  return must_plan(wanted, kernel.state, {Scope::named_ports, true, ports_in(kernel.state), {}});
}

Plan FakeHost::plan_for_new(const std::vector<std::string> &ports) const {
  const auto known = ports_in(kernel.state);
  const auto is_taken = [&](std::uint32_t mark) {
    return std::ranges::any_of(known, [&](const auto &port) { return port.second.mark == mark; });
  };
  return must_plan(desired(ports), kernel.without_elements(), {Scope::named_ports, false, {}, is_taken});
}

Plan FakeHost::plan_for_all(const std::set<std::string> &untouched) const {
  std::vector<std::string> ports;
  for (const auto &[port, binding] : bindings_)
    if (!untouched.contains(port))
      ports.push_back(port);
  auto wanted = desired(ports);
  wanted.untouched = untouched;
  return must_plan(wanted, kernel.state, {Scope::everything, true, ports_in(kernel.state), {}});
}

std::vector<std::string> in_words(const Plan &plan) {
  std::vector<std::string> all;
  for (const auto &operation : plan.operations) {
    auto text = fmt::format("{} {}", name_of(operation.kind), operation.name);
    if (operation.kind == Kind::add_elements || operation.kind == Kind::delete_elements)
      text += fmt::format(" {}", operation.elements.size() / operation.spec.element_size());
    all.push_back(std::move(text));
  }
  return all;
}

} // namespace nwgate::nftables::testing
