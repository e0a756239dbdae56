// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/nftables/plan.h"

#include "drivers/nftables/base_chains.h"
#include "drivers/nftables/desired_state.h"
#include "drivers/nftables/element_diff.h"
#include "drivers/xtables/chain_diff.h"
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
using netlink::Elements;
using netlink::Family;

SourcePosition kernel_place() {
  static const auto source = std::make_shared<const SourceText>("kernel", "");
  return {source, 0, 0};
}

/// Which elements of a set a plan decides about.
class Touched {
public:
  Touched(const Desired &desired, const PlanContext &context) : everything_(context.scope == Scope::everything) {
    const auto add = [&](const std::string &port) {
      names_.insert(name_key(port));
      if (const auto known = context.known_ports.find(port);
          known != context.known_ports.end() && known->second.mark != 0)
        marks_.insert(number_key(known->second.mark));
    };
    if (everything_) {
      for (const auto &port : desired.untouched)
        add(port);
      return;
    }
    for (const auto &port : desired.ports)
      add(port.program.port);
    for (const auto &port : desired.leaving)
      add(port);
  }

  [[nodiscard]] bool has(const std::string &port) const { return names_.contains(name_key(port)) != everything_; }
  /// `element` of a set of this family and name.
  [[nodiscard]] bool has(Family family, const std::string &set, netlink::Bytes element) const {
    if (everything_ && names_.empty())
      return true;
    const bool has_names = family == Family::bridge || family == Family::netdev || set == shared::out_marks ||
                           set.starts_with("mark-bit-");
    const bool by_mark = !has_names;
    // The port stands in front, but for these.
    const bool has_type = set == shared::in_marks || set == shared::out_ip_others || set == shared::in_ip_others;
    const std::size_t at = has_type || set == shared::devices ? 4 : 0;
    const auto length = std::min<std::size_t>(by_mark ? 4 : 16, element.size() - at);
    const auto key = element.subspan(at, length);
    const auto &keys = by_mark ? marks_ : names_;
    return keys.contains({key.begin(), key.end()}) != everything_;
  }

private:
  bool everything_;
  /// Of the ports that are touched; of those that are not, if everything else is.
  std::set<std::vector<std::uint8_t>> names_, marks_;
};

class TablePlanner {
public:
  TablePlanner(Family family, const DesiredState &desired, const KernelTable *present, const Touched &touched,
               const PlanContext &context, bool (*is_device)(std::uint32_t))
      : family_(family), desired_(desired), present_(present), touched_(touched), context_(context),
        is_device_(is_device) {
    const auto found = desired.ruleset.tables.find(family);
    wanted_ = found == desired.ruleset.tables.end() ? nullptr : &found->second;
  }

  void run(std::vector<Operation> &out) {
    if (wanted_ == nullptr) {
      if (present_ != nullptr && present_->is_ours() && (context_.elements_read || context_.scope == Scope::everything))
        add(removals_, Kind::delete_table, {});
    } else {
      if (present_ == nullptr)
        add(tables_, Kind::add_table, {});
      else if ((present_->info.flags & NFT_TABLE_F_DORMANT) != 0)
        add(tables_, Kind::wake_table, {});
      plan_sets();
      plan_chains();
    }
    for (auto *operations :
         {&tables_, &removed_elements_, &removed_rules_, &removals_, &additions_, &added_elements_, &added_rules_})
      std::move(operations->begin(), operations->end(), std::back_inserter(out));
  }

private:
  Operation &add(std::vector<Operation> &to, Kind kind, const std::string &name,
                 const std::optional<ProgramId> &program = {}) {
    auto &operation = to.emplace_back();
    operation.kind = kind;
    operation.family = family_;
    operation.name = name;
    operation.program = program;
    return operation;
  }

  /// Whether what belongs to this program and is not wanted goes.
  [[nodiscard]] bool is_obsolete(const std::optional<ProgramId> &program) const {
    if (context_.scope == Scope::everything)
      return !program || !desired_.kept_programs.contains(program->name);
    return context_.elements_read && program && !desired_.kept_programs.contains(program->name);
  }

  // --- sets

  void plan_sets() {
    static const std::map<std::string, KernelSet> none;
    const auto &present = present_ == nullptr ? none : present_->sets;
    for (const auto &[name, wanted] : wanted_->sets) {
      const auto found = present.find(name);
      const bool is_same = found != present.end() && found->second.info.spec == wanted.spec;
      if (found != present.end() && !is_same) {
        add(removals_, Kind::delete_set, name, found->second.program).foreign = !found->second.program;
        replaced_sets_.insert(name);
      }
      if (!is_same)
        add(additions_, Kind::add_set, name, wanted.program).spec = wanted.spec;
      if (wanted.spec.verdicts)
        plan_verdicts(name, wanted, is_same ? &found->second : nullptr);
      else
        plan_elements(name, wanted, is_same ? &found->second : nullptr);
    }
    for (const auto &[name, set] : present) {
      if (wanted_->sets.contains(name))
        continue;
      if (is_obsolete(set.program))
        add(removals_, Kind::delete_set, name, set.program).foreign = !set.program;
      else if (set.program)
        leave(name, set);
    }
  }

  /// The set stays for other ports; those that the plan is about have left its program.
  void leave(const std::string &name, const KernelSet &set) {
    auto gone = touched_records(name, set);
    if (gone.empty())
      return;
    auto &operation = add(removed_elements_, Kind::delete_elements, name, set.program);
    operation.spec = set.info.spec;
    operation.elements = std::move(gone);
  }

  void plan_verdicts(const std::string &name, const LaidSet &wanted, const KernelSet *present) {
    static const std::vector<netlink::VerdictElement> none;
    const auto &there = present == nullptr ? none : present->listing.verdicts;
    const auto is_wanted_so = [&](const netlink::VerdictElement &element) {
      return std::ranges::binary_search(wanted.verdicts, element);
    };
    for (const auto &element : there)
      if (touched_.has(family_, name, element.key) && !is_wanted_so(element))
        add(removed_elements_, Kind::delete_verdict, name).verdict = element;
    for (const auto &element : wanted.verdicts)
      if (std::ranges::find(there, element) == there.end())
        add(added_elements_, Kind::add_verdict, name, wanted.program).verdict = element;
  }

  void plan_elements(const std::string &name, const LaidSet &wanted, const KernelSet *present) {
    const netlink::Bytes there = present == nullptr ? netlink::Bytes{} : netlink::Bytes(present->listing.elements);
    auto [gone, fresh] = diff_elements(wanted.spec.element_size(), there, wanted.elements,
                                       [&](netlink::Bytes record) { return decides(name, record); });
    if (!gone.empty()) {
      auto &operation = add(removed_elements_, Kind::delete_elements, name, wanted.program);
      operation.spec = wanted.spec;
      operation.elements = std::move(gone);
    }
    if (!fresh.empty()) {
      auto &operation = add(added_elements_, Kind::add_elements, name, wanted.program);
      operation.spec = wanted.spec;
      operation.elements = std::move(fresh);
    }
  }

  /// Whether the plan decides about the element.
  [[nodiscard]] bool decides(const std::string &set, netlink::Bytes record) const {
    return (touched_.has(family_, set, record) && !is_living_device(set, record)) || is_other_name(set, record);
  }

  /// The elements that this plan decides about, sorted.
  [[nodiscard]] Elements touched_records(const std::string &name, const KernelSet &set) const {
    const auto size = set.info.spec.element_size();
    const netlink::Bytes all(set.listing.elements);
    Elements records;
    records.reserve(all.size());
    for (std::size_t at = 0; at + size <= all.size(); at += size) {
      const auto record = all.subspan(at, size);
      if (decides(name, record))
        records.insert(records.end(), record.begin(), record.end());
    }
    sort_records(records, size);
    return records;
  }

  /// A device that was a port once and is still there, whatever it is called now, stays known while the port is bound.
  [[nodiscard]] bool is_living_device(const std::string &set, netlink::Bytes record) const {
    if (set != shared::devices || is_device_ == nullptr)
      return false;
    std::uint32_t index = 0;
    std::memcpy(&index, record.data(), sizeof index);
    return !is_wanted(shared::devices, record) && is_wanted(shared::in_dropped, record.subspan(sizeof index)) &&
           is_device_(index);
  }

  /// What is known of a device by another name than it has now.
  [[nodiscard]] bool is_other_name(const std::string &set, netlink::Bytes record) const {
    return set == shared::devices && is_wanted(set, record.first(sizeof(std::uint32_t)));
  }

  /// Whether the set shall have an element that begins so.
  [[nodiscard]] bool is_wanted(const std::string &set, netlink::Bytes beginning) const {
    const auto &wanted = wanted_->sets.at(set);
    const auto size = wanted.spec.element_size();
    const auto beginning_at = [&](std::size_t index) { return wanted.elements.data() + index * size; };
    std::size_t first = 0;
    std::size_t last = wanted.elements.size() / size;
    while (first < last) { // they are sorted
      const auto middle = first + (last - first) / 2;
      const int order = std::memcmp(beginning_at(middle), beginning.data(), beginning.size());
      if (order == 0)
        return true;
      (order < 0 ? first : last) = order < 0 ? middle + 1 : middle;
    }
    return false;
  }

  // --- chains

  void plan_chains() {
    static const std::map<std::string, KernelChain> none;
    const auto &present = present_ == nullptr ? none : present_->chains;
    for (const auto &[name, wanted] : wanted_->chains) {
      const auto found = present.find(name);
      const bool is_there = found != present.end();
      const bool must_go = is_there && !hangs_alike(found->second, wanted);
      if (must_go)
        remove_chain(found->second);
      if (!is_there || must_go || is_marked_otherwise(found->second, wanted))
        add_chain(name, wanted, is_there && !must_go ? &found->second : nullptr);
      else if (wanted.base && found->second.info.base->policy != wanted.base->policy)
        add(additions_, Kind::add_chain, name, wanted.program).base = wanted.base;
      fill(name, wanted,
           is_there && !must_go && !is_marked_otherwise(found->second, wanted) ? &found->second : nullptr);
    }
    for (const auto &[name, chain] : present)
      if (!wanted_->chains.contains(name) &&
          (chain.port.empty() ? is_obsolete(chain.program) : touched_.has(chain.port)))
        remove_chain(chain);
  }

  static bool hangs_alike(const KernelChain &chain, const LaidChain &wanted) {
    if (chain.info.base.has_value() != wanted.base.has_value())
      return false;
    auto base = chain.info.base;
    if (base)
      base->policy = wanted.base->policy;
    return base == wanted.base;
  }

  /// User data of a chain is only taken when it is made.
  static bool is_marked_otherwise(const KernelChain &chain, const LaidChain &wanted) {
    return chain.program != std::optional(wanted.program.value_or(ProgramId{})) || chain.port != wanted.port;
  }

  void remove_chain(const KernelChain &chain) {
    const auto &name = chain.info.name.name;
    if (!chain.rules.empty())
      add(removed_rules_, Kind::flush_chain, name, chain.program).foreign = !chain.program;
    add(removals_, Kind::delete_chain, name, chain.program).foreign = !chain.program;
  }

  void add_chain(const std::string &name, const LaidChain &wanted, const KernelChain *marked_otherwise) {
    if (marked_otherwise != nullptr) { // what leads there has to let go of it first
      remove_chain(*marked_otherwise);
      remade_chains_.insert(name);
    }
    auto &operation = add(additions_, Kind::add_chain, name, wanted.program);
    operation.base = wanted.base;
    operation.port = wanted.port;
  }

  [[nodiscard]] bool refers_to_replaced(const std::string &form) const {
    const auto names = [&](const std::set<std::string> &all) {
      return std::ranges::any_of(all, [&](const std::string &name) { return form.find(name) != std::string::npos; });
    };
    return names(replaced_sets_) || names(remade_chains_);
  }

  void fill(const std::string &name, const LaidChain &wanted, const KernelChain *chain) {
    static const std::vector<KernelRule> none;
    const auto &present = chain == nullptr ? none : chain->rules;
    const auto equal = [&](std::size_t old_index, std::size_t new_index) {
      return present[old_index].form == wanted.rules[new_index].form && !refers_to_replaced(present[old_index].form);
    };
    const auto steps = xtables::diff_lists(present.size(), wanted.rules.size(), equal);
    // What is inserted goes in front of the next rule that stays.
    auto position = netlink::Position::append();
    std::vector<netlink::Position> positions(steps.size(), position);
    for (std::size_t i = steps.size(); i-- > 0;) {
      positions[i] = position;
      if (steps[i].kind == xtables::DiffStep::Kind::keep)
        position = netlink::Position::before(present[steps[i].index].info.handle);
    }
    for (std::size_t i = 0; i < steps.size(); ++i) {
      using Step = xtables::DiffStep::Kind;
      if (steps[i].kind == Step::insert) {
        auto &operation = add(added_rules_, Kind::add_rule, name, wanted.program);
        set_rule(wanted.rules[steps[i].index], operation);
        operation.position = positions[i];
      } else if (steps[i].kind == Step::remove) {
        const auto &rule = present[steps[i].index];
        auto &operation = add(removed_rules_, Kind::delete_rule, name, wanted.program);
        operation.handle = rule.info.handle;
        operation.rule = rule.info.content;
        operation.foreign = rule.info.content.user_data.empty();
      } else {
        refresh_mark(name, present[steps[i].index], wanted.rules[steps[i].other], wanted.program);
      }
    }
  }

  static void set_rule(const LaidRule &rule, Operation &operation) {
    operation.rule = rule.content;
    operation.origin = rule.origin;
  }

  /// The rule stays; where its origin has moved, it is replaced with the counts that it has.
  void refresh_mark(const std::string &chain, const KernelRule &present, const LaidRule &wanted,
                    const std::optional<ProgramId> &program) {
    if (present.info.content.user_data == wanted.content.user_data)
      return;
    auto &operation = add(added_rules_, Kind::replace_rule, chain, program);
    set_rule(wanted, operation);
    netlink::set_counts(operation.rule, present.info.counts);
    operation.handle = present.info.handle;
  }

  Family family_;
  const DesiredState &desired_;
  const KernelTable *present_;
  const Touched &touched_;
  const PlanContext &context_;
  bool (*is_device_)(std::uint32_t index);
  const LaidTable *wanted_ = nullptr;
  std::set<std::string> replaced_sets_, remade_chains_;

  // In the order in which they can be made.
  std::vector<Operation> tables_, removed_elements_, removed_rules_, removals_, additions_, added_elements_,
      added_rules_;
};

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
      transaction_.add_elements(set, operation.spec, operation.elements, tag);
      break;
    case Kind::delete_elements:
      transaction_.delete_elements(set, operation.spec, operation.elements, tag);
      break;
    case Kind::add_verdict:
      transaction_.add_element(set, operation.verdict, tag);
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
      for_each(set, [&](const std::uint8_t *element) { ports[name_of(element)].program = set.program->name; });
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
    TablePlanner(family, *wanted, present, touched, context, desired.is_device).run(plan.operations);
  }
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
