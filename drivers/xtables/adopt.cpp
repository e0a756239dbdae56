// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/adopt.h"

#include "drivers/netlink/user_data.h"

#include <algorithm>

namespace nwgate::xtables {
namespace {

using Kind = Operation::Kind;

class FamilyAdoption {
public:
  FamilyAdoption(Family family, const Desired &desired, KernelTable &table, std::vector<Operation> &operations)
      : family_(family), desired_(desired), table_(table), operations_(operations) {}

  void run() {
    const auto shared = shared_chains(desired_.prefix);
    ours_ = {shared.in, shared.out, shared.in_post, shared.host_in};
    for (const auto &base : base_chains(family_))
      ours_.insert(base.name);
    find_unmarked();
    for (const auto &named : table_.chains)
      if (!unmarked_.contains(named.first) && !ours_.contains(named.first) && !named.second.owner)
        std::erase_if(unmarked_, [&](const auto &entry) { return jumps_to(named.second, entry.first); });
    if (unmarked_.empty())
      return;
    for (auto &[name, chain] : table_.chains)
      if (!unmarked_.contains(name))
        remove_ways(name, chain);
    // Their rules first: they jump to one another.
    for (const auto &[name, port] : unmarked_)
      add(Kind::flush_chain, name, port);
    for (const auto &[name, port] : unmarked_) {
      add(Kind::delete_chain, name, port);
      table_.chains.erase(name);
    }
  }

private:
  void find_unmarked() {
    for (const auto *ruleset : desired_.ports)
      for (const auto &chain : ruleset->chains)
        if (const auto *there = chain.family == family_ ? table_.find(chain.name) : nullptr)
          if (there->owner != ruleset->port)
            unmarked_[chain.name] = ruleset->port;
  }

  [[nodiscard]] static const std::string *target_of(const KernelRule &rule) {
    const auto *jump = rule.rule ? std::get_if<Jump>(&rule.rule->target) : nullptr;
    return jump == nullptr ? nullptr : &jump->chain;
  }

  [[nodiscard]] static bool jumps_to(const KernelChain &chain, const std::string &name) {
    return std::ranges::any_of(chain.rules, [&](const KernelRule &rule) {
      const auto *target = target_of(rule);
      return target != nullptr && *target == name;
    });
  }

  /// A link of ours that has lost its mark.
  [[nodiscard]] bool is_unmarked_link(const std::string &chain, const KernelRule &rule) const {
    return rule.rule && !read_owner_mark(netlink::user_data_of(*rule.native)) &&
           std::ranges::any_of(desired_.ports, [&](const PortRuleset *ruleset) {
             return std::ranges::any_of(ruleset->links, [&](const Link &link) {
               return link.family == family_ && link.chain == chain && link.rule == *rule.rule;
             });
           });
  }

  void remove_ways(const std::string &name, KernelChain &chain) {
    std::erase_if(chain.rules, [&](const KernelRule &rule) {
      const auto *target = target_of(rule);
      const bool leads_there = target != nullptr && unmarked_.contains(*target);
      if (!leads_there && !is_unmarked_link(name, rule))
        return false;
      auto &operation = add(Kind::delete_rule, name, leads_there ? unmarked_[*target] : std::string{});
      operation.handle = rule.handle;
      operation.listed = rule.rule;
      operation.foreign = true;
      return true;
    });
  }

  Operation &add(Kind kind, const std::string &chain, const std::string &port) {
    auto &operation = operations_.emplace_back();
    operation.kind = kind;
    operation.family = family_;
    operation.chain = chain;
    operation.port = port;
    operation.foreign = true;
    return operation;
  }

  Family family_;
  const Desired &desired_;
  KernelTable &table_;
  std::vector<Operation> &operations_;
  std::set<std::string> ours_;
  /// Chain and port.
  std::map<std::string, std::string> unmarked_;
};

} // namespace

std::vector<Operation> remove_unmarked(const Desired &desired, KernelView &view) {
  std::vector<Operation> operations;
  for (const auto family : all_families)
    FamilyAdoption(family, desired, view.tables.at(family), operations).run();
  return operations;
}

} // namespace nwgate::xtables
