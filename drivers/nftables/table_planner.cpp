// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/nftables/table_planner.h"

#include "drivers/nftables/base_chains.h"
#include "drivers/nftables/cgroup_layout.h"
#include "drivers/nftables/element_diff.h"
#include "drivers/xtables/chain_diff.h"
#include "engine/program/program.h"

#include <algorithm>
#include <cstring>
#include <linux/netfilter/nf_tables.h>

namespace nwgate::nftables {
namespace {

using Kind = Operation::Kind;
using netlink::Elements;
using netlink::Family;

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
    if (family_ == Family::inet) // cgroups of one program have the same values
      return;
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

/// The names of shared sets are plain words.
bool is_of_program(const std::string &set) { return set.find('/') != std::string::npos; }

} // namespace

Touched::Touched(const Desired &desired, const PlanContext &context) : everything_(context.scope == Scope::everything) {
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

Touched::Touched(const DesiredCgroups &desired) : everything_(!desired.named_only) {
  const auto add = [&](const CgroupPlace &place, std::uint64_t id) {
    (place.by_classid ? classids_ : cgroups_).insert(cgroup_key_bytes(place, id));
  };
  for (const auto &key : everything_ ? desired.untouched : desired.leaving)
    add(key.place, key.id);
  if (!everything_)
    for (const auto &cgroup : desired.cgroups)
      add(*cgroup.program.program->cgroups, cgroup.id);
}

bool Touched::has(const std::string &port) const { return names_.contains(name_key(port)) != everything_; }

bool Touched::has(Family family, const std::string &set, netlink::Bytes element) const {
  if (family == Family::inet) {
    if (is_of_program(set))
      return true; // values, which no cgroup has for itself
    const bool by_classid = set.find("classid") != std::string::npos;
    const auto key = element.first(by_classid ? sizeof(std::uint32_t) : sizeof(std::uint64_t));
    return (by_classid ? classids_ : cgroups_).contains({key.begin(), key.end()}) != everything_;
  }
  if (everything_ && names_.empty())
    return true;
  const bool has_names =
      family == Family::bridge || family == Family::netdev || set == shared::out_marks || set.starts_with("mark-bit-");
  const bool by_mark = !has_names;
  // The port stands in front, but for these.
  const bool has_type = set == shared::in_marks || set == shared::out_ip_others || set == shared::in_ip_others;
  const std::size_t at = has_type || set == shared::devices ? 4 : 0;
  const auto length = std::min<std::size_t>(by_mark ? 4 : 16, element.size() - at);
  const auto key = element.subspan(at, length);
  const auto &keys = by_mark ? marks_ : names_;
  return keys.contains({key.begin(), key.end()}) != everything_;
}

void plan_table(Family family, const DesiredState &desired, const KernelTable *present, const Touched &touched,
                const PlanContext &context, bool (*is_device)(std::uint32_t), std::vector<Operation> &out) {
  TablePlanner(family, desired, present, touched, context, is_device).run(out);
}

} // namespace nwgate::nftables
