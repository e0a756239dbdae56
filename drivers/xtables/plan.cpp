// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/plan.h"

#include "drivers/netlink/counters.h"
#include "drivers/netlink/user_data.h"
#include "drivers/xtables/bridge/policy.h"
#include "drivers/xtables/cgroup_layout.h"
#include "drivers/xtables/chain_diff.h"
#include "engine/model/diagnostic_ids.h"

#include <algorithm>
#include <fmt/format.h>
#include <libnftnl/rule.h>
#include <new>
#include <set>
#include <stdexcept>

namespace nwgate::xtables {
namespace {

using Kind = Operation::Kind;

/// A rule as it shall stand in a chain.
struct WantedRule {
  netlink::NftRule native;
  /// As decode() gives it back, so that it compares with what the kernel holds. Nothing for a policy.
  std::optional<Rule> rule;
  std::optional<Verdict> policy;
  OriginText mark;
  std::shared_ptr<const Origin> origin;
};

/// Plans one of the three tables.
class FamilyPlanner {
public:
  FamilyPlanner(Family family, const Desired &desired, const KernelView &view, const SetIndex &sets,
                std::vector<Operation> &operations, std::set<std::string> &at_fault, Diagnostics &diagnostics)
      : family_(family), desired_(desired), table_(view.tables.at(family)), complete_(view.complete), sets_(sets),
        operations_(operations), at_fault_(at_fault), diagnostics_(diagnostics),
        shared_(shared_chains(desired.prefix)) {}

  void run() {
    for (const auto *ruleset : desired_.ports) {
      touched_.insert(ruleset->port);
      auto &needed = is_cgroup_owner(ruleset->port) ? needed_by_cgroups_ : needed_by_ports_;
      needed = needed || ruleset->has(family_);
    }
    touched_.insert(desired_.leaving.begin(), desired_.leaving.end());

    if (needed_by_ports_ || needed_by_cgroups_)
      ensure_table();
    add_missing_chains();
    for (const auto *ruleset : desired_.ports)
      for (const auto &chain : ruleset->chains)
        if (chain.family == family_)
          fill(chain, ruleset->port);
    if (needed_by_ports_ && family_ != Family::bridge)
      ensure_shared_jumps();
    plan_links();
    remove_obsolete_chains();
    if (complete_)
      remove_chains_of_other_prefixes();
    if (!needed_by_ports_)
      remove_what_is_left();
  }

private:
  Operation &add(Kind kind, const std::string &chain, const std::string &port = {}) {
    auto &operation = operations_.emplace_back();
    operation.kind = kind;
    operation.family = family_;
    operation.chain = chain;
    operation.port = port;
    return operation;
  }

  [[nodiscard]] bool is_base(const std::string &name) const {
    return std::ranges::any_of(base_chains(family_), [&](const NamedBaseChain &base) { return name == base.name; });
  }

  // --- what ports share

  void ensure_table() {
    if (!table_.info)
      add(Kind::add_table, {});
    for (const auto &base : base_chains(family_))
      if (table_.find(base.name) == nullptr)
        add(Kind::add_base_chain, base.name);
    if (family_ == Family::bridge || !needed_by_ports_)
      return;
    for (const auto &name : {shared_.in, shared_.out, shared_.in_post, shared_.host_in})
      if (table_.find(name) == nullptr)
        add(Kind::add_chain, name);
  }

  [[nodiscard]] const KernelRule *find_rule(const std::string &chain, const Rule &rule) const {
    const auto *found = table_.find(chain);
    if (found == nullptr)
      return nullptr;
    const auto match = std::ranges::find_if(found->rules, [&](const KernelRule &r) { return r.rule == rule; });
    return match == found->rules.end() ? nullptr : &*match;
  }

  [[nodiscard]] std::vector<std::pair<std::string, Rule>> shared_jumps() const {
    const auto jump = [](const std::string &chain) { return Rule{{}, Jump{chain, false}}; };
    return {{"FORWARD", jump(shared_.in)},
            {"FORWARD", jump(shared_.out)},
            {"FORWARD", jump(shared_.in_post)},
            {"INPUT", jump(shared_.host_in)}};
  }

  /// Each new one goes to the top, so the last of them comes first here.
  void ensure_shared_jumps() {
    auto jumps = shared_jumps();
    std::ranges::reverse(jumps);
    for (const auto &[chain, rule] : jumps) {
      if (find_rule(chain, rule) != nullptr)
        continue;
      if (auto wanted = make_wanted(rule, {}, nullptr, chain, owner_mark({})))
        add_rule(std::move(*wanted), chain, {}, netlink::Position::top());
    }
  }

  // --- a port's own chains

  void add_missing_chains() {
    for (const auto *ruleset : desired_.ports) {
      for (const auto &chain : ruleset->chains) {
        if (chain.family != family_)
          continue;
        wanted_chains_.insert(chain.name);
        const auto *there = table_.find(chain.name);
        if (there == nullptr)
          add(Kind::add_chain, chain.name, ruleset->port);
        else if (there->owner != ruleset->port)
          refuse_foreign(chain.name, ruleset->port);
      }
    }
  }

  static std::string owner_text(const std::string &owner) {
    return is_cgroup_owner(owner) ? owner : fmt::format("port '{}'", owner);
  }

  void refuse_foreign(const std::string &chain, const std::string &port) {
    at_fault_.insert(port);
    diagnostics_
        .error(id::chain_is_foreign, kernel_place(),
               fmt::format("chain '{}' of {} is there already and is not nwgate's", chain, owner_text(port)))
        .note(kernel_place(),
              desired_.adopt ? "a chain that is not nwgate's leads to it: delete that rule first"
                             : "nwgate apply --adopt replaces such chains: after a restore by the tools, for example");
  }

  std::optional<WantedRule> make_wanted(const Rule &rule, const OriginText &mark, std::shared_ptr<const Origin> origin,
                                        const std::string &chain, const std::vector<std::uint8_t> &user_data) {
    WantedRule wanted{new_rule(chain), {}, {}, mark, std::move(origin)};
    if (const auto why = encode(rule, family_, sets_, *wanted.native)) {
      diagnostics_.error(id::not_expressible, wanted.origin ? wanted.origin->where : kernel_place(),
                         "layout xtables: " + *why);
      return std::nullopt;
    }
    netlink::set_user_data(*wanted.native, user_data);
    wanted.rule = decode(*wanted.native, family_, sets_);
    if (!wanted.rule)
      throw std::logic_error("a rule of ours cannot be read back: " + to_save_text(rule, family_));
    return wanted;
  }

  [[nodiscard]] netlink::NftRule new_rule(const std::string &chain) const {
    netlink::NftRule rule(nftnl_rule_alloc());
    if (!rule)
      throw std::bad_alloc();
    const auto name = chain_of(family_, chain);
    nftnl_rule_set_u32(rule.get(), NFTNL_RULE_FAMILY, static_cast<std::uint32_t>(name.family));
    nftnl_rule_set_str(rule.get(), NFTNL_RULE_TABLE, name.table.c_str());
    nftnl_rule_set_str(rule.get(), NFTNL_RULE_CHAIN, name.name.c_str());
    return rule;
  }

  std::vector<WantedRule> wanted_rules(const PortChain &chain, const std::string &port) {
    std::vector<WantedRule> wanted;
    for (const auto &placed : chain.rules)
      if (auto rule = make_wanted(placed.rule, placed.mark, placed.origin, chain.name, rule_mark(placed.mark)))
        wanted.push_back(std::move(*rule));
      else
        at_fault_.insert(port);
    if (family_ == Family::bridge) {
      WantedRule policy{new_rule(chain.name), {}, Verdict::accept, {}, nullptr};
      encode_policy(Verdict::accept, *policy.native);
      wanted.push_back(std::move(policy));
    }
    return wanted;
  }

  void fill(const PortChain &chain, const std::string &port) {
    auto wanted = wanted_rules(chain, port);
    static const std::vector<KernelRule> none;
    const auto *there = table_.find(chain.name);
    const auto &present = there == nullptr ? none : there->rules;
    const auto equal = [&](std::size_t old_index, std::size_t new_index) {
      const auto &old_rule = present[old_index];
      const auto &new_rule = wanted[new_index];
      return new_rule.policy ? old_rule.policy == new_rule.policy : old_rule.rule == new_rule.rule;
    };
    const auto steps = diff_lists(present.size(), wanted.size(), equal);
    // What is inserted goes in front of the next rule that stays.
    auto position = netlink::Position::append();
    std::vector<netlink::Position> positions(steps.size(), position);
    for (std::size_t i = steps.size(); i-- > 0;) {
      positions[i] = position;
      if (steps[i].kind == DiffStep::Kind::keep)
        position = netlink::Position::before(present[steps[i].index].handle);
    }
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (steps[i].kind == DiffStep::Kind::insert)
        add_rule(std::move(wanted[steps[i].index]), chain.name, port, positions[i]);
      else if (steps[i].kind == DiffStep::Kind::remove)
        delete_rule(present[steps[i].index], chain.name, port);
      else
        refresh_mark(present[steps[i].index], std::move(wanted[steps[i].other]), chain.name, port);
    }
  }

  void add_rule(WantedRule wanted, const std::string &chain, const std::string &port, netlink::Position position) {
    auto &operation = add(Kind::add_rule, chain, port);
    operation.listed = std::move(wanted.rule);
    operation.mark = std::move(wanted.mark);
    operation.origin = std::move(wanted.origin);
    operation.rule = std::move(wanted.native);
    operation.position = position;
  }

  void delete_rule(const KernelRule &rule, const std::string &chain, const std::string &port) {
    deleted_rules_.insert(rule.handle);
    auto &operation = add(Kind::delete_rule, chain, port);
    operation.handle = rule.handle;
    const auto mark = read_rule_mark(netlink::user_data_of(*rule.native));
    operation.foreign = !mark && !rule.policy && !read_owner_mark(netlink::user_data_of(*rule.native));
    if (mark)
      operation.mark = *mark;
    operation.listed = rule.rule;
    if (is_cgroup_owner(port))
      add_forgotten(rule, chain, port);
  }

  /// A cgroup's link counts all its packets, and the rules that end them those that were denied: what goes with a rule
  /// goes from the link.
  void add_forgotten(const KernelRule &rule, const std::string &chain, const std::string &owner) {
    if (!ends_packets(rule))
      return;
    const auto counts = netlink::counts(*rule.native).value_or(netlink::Counts{});
    auto &sum = forgotten_[{owner, chain.substr(0, chain.find('-'))}];
    sum.packets += counts.packets;
    sum.bytes += counts.bytes;
  }

  void forget(const KernelRule &link, WantedRule wanted, const std::string &owner, const std::string &chain) {
    const auto &target = std::get<Jump>(wanted.rule->target).chain;
    const auto sum = forgotten_.find({owner, target.substr(0, target.find('-'))});
    auto counts = netlink::counts(*link.native);
    if (sum == forgotten_.end() || !counts || sum->second.packets == 0)
      return;
    counts->packets -= std::min(counts->packets, sum->second.packets);
    counts->bytes -= std::min(counts->bytes, sum->second.bytes);
    netlink::set_counts(*wanted.native, *counts);
    replace(link, std::move(wanted), chain, owner);
  }

  /// The rule stays; where its origin has moved, it is replaced with the counts that it has.
  void refresh_mark(const KernelRule &present, WantedRule wanted, const std::string &chain, const std::string &port) {
    if (std::ranges::equal(netlink::user_data_of(*present.native), netlink::user_data_of(*wanted.native)))
      return;
    if (const auto counts = netlink::counts(*present.native))
      netlink::set_counts(*wanted.native, *counts);
    replace(present, std::move(wanted), chain, port);
  }

  void replace(const KernelRule &present, WantedRule wanted, const std::string &chain, const std::string &port) {
    auto &operation = add(Kind::replace_rule, chain, port);
    operation.handle = present.handle;
    operation.listed = std::move(wanted.rule);
    operation.mark = std::move(wanted.mark);
    operation.origin = std::move(wanted.origin);
    operation.rule = std::move(wanted.native);
  }

  // --- links

  /// The port's own link: another's equal rule is not ours to delete.
  [[nodiscard]] const KernelRule *find_link(const Link &link, const Rule &rule, const std::string &port) const {
    const auto *found = table_.find(link.chain);
    if (found == nullptr)
      return nullptr;
    const auto match = std::ranges::find_if(found->rules, [&](const KernelRule &r) {
      return r.rule == rule && read_owner_mark(netlink::user_data_of(*r.native)) == port;
    });
    return match == found->rules.end() ? nullptr : &*match;
  }

  void plan_links() {
    for (const auto &[name, chain] : table_.chains)
      if (chain.owner && is_cgroup_owner(*chain.owner) && !wanted_chains_.contains(name))
        for (const auto &rule : chain.rules)
          add_forgotten(rule, name, *chain.owner);
    std::set<std::uint64_t> kept;
    for (const auto *ruleset : desired_.ports) {
      for (const auto &link : ruleset->links) {
        if (link.family != family_)
          continue;
        auto wanted = make_wanted(link.rule, {}, nullptr, link.chain, owner_mark(ruleset->port));
        if (!wanted) {
          at_fault_.insert(ruleset->port);
          continue;
        }
        if (const auto *there = find_link(link, *wanted->rule, ruleset->port)) {
          kept.insert(there->handle);
          if (is_cgroup_owner(ruleset->port))
            forget(*there, std::move(*wanted), ruleset->port, link.chain);
        } else {
          // Others' rules in OUTPUT and INPUT must not accept in front of it.
          add_rule(std::move(*wanted), link.chain, ruleset->port,
                   is_cgroup_owner(ruleset->port) ? netlink::Position::top() : netlink::Position::append());
        }
      }
    }
    for (const auto &[name, chain] : table_.chains) {
      if (chain.owner && !chain.owner->empty())
        continue; // a port's own chain
      for (const auto &rule : chain.rules) {
        const auto owner = read_owner_mark(netlink::user_data_of(*rule.native));
        if (!owner || owner->empty() || !is_touched(*owner) || kept.contains(rule.handle))
          continue;
        delete_rule(rule, name, *owner);
        ++deleted_links_[name];
      }
    }
  }

  /// Whether this plan decides about everything of the port.
  [[nodiscard]] bool is_touched(const std::string &port) const {
    if (desired_.untouched.contains(port))
      return false;
    return is_cgroup_owner(port) ? desired_.with_cgroups : complete_ || touched_.contains(port);
  }

  // --- what is not needed any more

  void remove_obsolete_chains() {
    std::vector<const KernelChain *> obsolete;
    for (const auto &[name, chain] : table_.chains)
      if (chain.owner && !chain.owner->empty() && is_touched(*chain.owner) && !wanted_chains_.contains(name))
        obsolete.push_back(&chain);
    // Their rules first: they jump to one another.
    for (const auto *chain : obsolete)
      add(Kind::flush_chain, chain->info.name.name, *chain->owner);
    for (const auto *chain : obsolete)
      add(Kind::delete_chain, chain->info.name.name, *chain->owner);
    deleted_chains_ += obsolete.size();
  }

  [[nodiscard]] bool will_be_empty(const std::string &name) {
    const auto *chain = table_.find(name);
    if (chain == nullptr)
      return true;
    return chain->rules_read ? chain->rules.size() == deleted_links_[name] : chain->info.use == 0;
  }

  void remove_what_is_left() {
    if (!table_.info)
      return;
    if (family_ != Family::bridge && !has_links(shared_names()))
      remove_shared_chains();
    if (needed_by_cgroups_ || has_links(shared_names()) || has_links(base_names()))
      return;
    // The table goes if it is ours and holds nothing but base chains as they were made; otherwise those of them that
    // are ours.
    std::size_t bases = 0;
    std::size_t empty_bases = 0;
    std::vector<std::string> our_bases;
    for (const auto &base : base_chains(family_)) {
      const auto *chain = table_.find(base.name);
      if (chain == nullptr)
        continue;
      ++bases;
      if (!will_be_empty(base.name) || (chain->info.base && chain->info.base->policy != netlink::Policy::accept))
        continue;
      ++empty_bases;
      if (chain->owner)
        our_bases.emplace_back(base.name);
    }
    if (read_owner_mark(table_.info->user_data) && bases == empty_bases && table_.info->use == bases + deleted_chains_)
      add(Kind::delete_table, {});
    else
      for (const auto &name : our_bases)
        add(Kind::delete_chain, name);
  }

  /// Shared chains that an earlier chain prefix has left.
  void remove_chains_of_other_prefixes() {
    const std::set<std::string> current = {shared_.in, shared_.out, shared_.in_post, shared_.host_in};
    for (const auto &[name, chain] : table_.chains) {
      if (!chain.owner || !chain.owner->empty() || is_base(name) || current.contains(name) || !will_be_empty(name))
        continue;
      for (const auto &base : base_chains(family_)) {
        const auto *jump = find_rule(base.name, {{}, Jump{name, false}});
        if (jump == nullptr)
          continue;
        delete_rule(*jump, base.name, {});
        ++deleted_links_[base.name];
      }
      add(Kind::delete_chain, name);
      ++deleted_chains_;
    }
  }

  /// Whether links of other ports stay, or might: not all rules have been read.
  [[nodiscard]] bool has_links(const std::vector<std::string> &names) {
    return std::ranges::any_of(names, [&](const std::string &name) {
      const auto *chain = table_.find(name);
      if (chain == nullptr || !chain->rules_read)
        return chain != nullptr && chain->info.use != 0;
      return std::ranges::any_of(chain->rules, [&](const KernelRule &rule) {
        const auto owner = read_owner_mark(netlink::user_data_of(*rule.native));
        return owner && !owner->empty() && !deleted_rules_.contains(rule.handle);
      });
    });
  }

  /// No link is ever in the others.
  [[nodiscard]] std::vector<std::string> base_names() const {
    return family_ == Family::bridge ? std::vector<std::string>{"PREROUTING", "POSTROUTING"}
                                     : std::vector<std::string>{"INPUT", "OUTPUT"};
  }

  [[nodiscard]] std::vector<std::string> shared_names() const {
    if (family_ == Family::bridge)
      return {};
    return {shared_.in, shared_.out, shared_.in_post, shared_.host_in};
  }

  /// Unless somebody still uses them.
  void remove_shared_chains() {
    const auto names = shared_names();
    for (const auto &name : names) {
      const auto *chain = table_.find(name);
      if (chain != nullptr && (!chain->rules_read || !will_be_empty(name)))
        return;
    }
    for (const auto &[base, rule] : shared_jumps()) {
      if (const auto *jump = find_rule(base, rule);
          jump != nullptr && read_owner_mark(netlink::user_data_of(*jump->native))) {
        delete_rule(*jump, base, {});
        ++deleted_links_[base];
      }
    }
    for (const auto &name : names) {
      const auto *chain = table_.find(name);
      if (chain != nullptr && chain->owner) {
        add(Kind::delete_chain, name);
        ++deleted_chains_;
      }
    }
  }

  Family family_;
  const Desired &desired_;
  const KernelTable &table_;
  bool complete_;
  const SetIndex &sets_;
  std::vector<Operation> &operations_;
  std::set<std::string> &at_fault_;
  Diagnostics &diagnostics_;
  SharedChains shared_;

  bool needed_by_ports_ = false;
  bool needed_by_cgroups_ = false;
  std::set<std::string> touched_;
  std::set<std::string> wanted_chains_;
  /// Packets that deleted rules have ended, by the owner and the direction's word, `CO` or `CI`.
  std::map<std::pair<std::string, std::string>, netlink::Counts> forgotten_;
  std::set<std::uint64_t> deleted_rules_;
  std::map<std::string, std::size_t> deleted_links_;
  std::size_t deleted_chains_ = 0;
};

} // namespace

std::string text_of(const Operation &operation) {
  switch (operation.kind) {
  case Kind::add_rule:
  case Kind::replace_rule:
  case Kind::delete_rule: // what is not listed is the rule that ebtables keeps for a policy, or nobody's tool wrote it
    return operation.listed    ? to_save_text(*operation.listed, operation.family)
           : operation.foreign ? "(not a rule of the tools)"
                               : "(policy)";
  default:
    return {};
  }
}

std::optional<Plan> make_plan(const Desired &desired, const KernelView &view, const SetIndex &sets,
                              Diagnostics &diagnostics, std::set<std::string> *at_fault) {
  const auto errors = diagnostics.error_count();
  std::set<std::string> unused;
  Plan plan;
  plan.generation = view.generation;
  for (const auto family : all_families)
    FamilyPlanner(family, desired, view, sets, plan.operations, at_fault == nullptr ? unused : *at_fault, diagnostics)
        .run();
  return diagnostics.error_count() == errors ? std::optional(std::move(plan)) : std::nullopt;
}

} // namespace nwgate::xtables
