// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/nwgate/chains_view.h"

#include "drivers/netlink/user_data.h"
#include "drivers/xtables/cgroup_layout.h"
#include "drivers/xtables/drift.h"
#include "drivers/xtables/rule_listing.h"

#include <algorithm>
#include <set>

namespace nwgate {
namespace {

using xtables::Family;

struct VerdictWords {
  std::string operator()(xtables::Verdict verdict) const {
    return verdict == xtables::Verdict::accept ? "accept" : verdict == xtables::Verdict::drop ? "drop" : "return";
  }
  std::string operator()(const xtables::Jump &jump) const { return jump.go_to ? "goto" : "jump"; }
  std::string operator()(const xtables::Reject & /*reject*/) const { return "reject"; }
  std::string operator()(const xtables::Continue & /*none*/) const { return "continue"; }
};

ListedRule listed(const xtables::KernelRule &rule, Family family) {
  ListedRule result;
  result.expressions = xtables::expressions_text(*rule.native);
  result.counts = netlink::counts(*rule.native).value_or(netlink::Counts{});
  const auto user_data = netlink::user_data_of(*rule.native);
  result.mark = xtables::read_rule_mark(user_data);
  if (!result.mark && xtables::read_owner_mark(user_data))
    result.mark.emplace();
  if (rule.policy) {
    result.is_policy = true;
    result.verdict = VerdictWords{}(*rule.policy);
    result.text = "policy " + result.verdict;
    result.mark.emplace();
  } else if (rule.rule) {
    result.text = xtables::to_save_text(*rule.rule, family);
    result.verdict = std::visit(VerdictWords{}, rule.rule->target);
    if (const auto *jump = std::get_if<xtables::Jump>(&rule.rule->target))
      result.target = jump->chain;
  } else {
    result.text = result.expressions;
  }
  return result;
}

ListedChain listed(const xtables::KernelChain &chain, Family family) {
  ListedChain result{std::string(xtables::table_text(family)), chain.info.name.name, {}};
  for (const auto &rule : chain.rules)
    result.rules.push_back(listed(rule, family));
  return result;
}

/// Adds the chain and, behind it, those of the same port that it jumps to, each once.
void add_with_targets(const ListedChain &chain, const std::map<std::string, ListedChain> &of_port,
                      std::set<std::string> &done, std::vector<ListedChain> &out) {
  if (!done.insert(chain.name).second)
    return;
  out.push_back(chain);
  for (const auto &rule : chain.rules)
    if (const auto target = of_port.find(rule.target); target != of_port.end())
      add_with_targets(target->second, of_port, done, out);
}

void add_table(const xtables::KernelTable &table, Family family, std::map<std::string, ListedPort> &ports) {
  std::map<std::string, std::map<std::string, ListedChain>> chains_of;
  std::map<std::string, std::set<std::string>> targets_of;
  for (const auto &[name, chain] : table.chains) {
    if (!chain.owner || chain.owner->empty())
      continue;
    auto entry = listed(chain, family);
    for (const auto &rule : entry.rules)
      targets_of[*chain.owner].insert(rule.target);
    chains_of[*chain.owner].emplace(name, std::move(entry));
  }
  for (const auto &[port, of_port] : chains_of) {
    auto &listing = ports[port];
    listing.port = port;
    listing.layout = "xtables";
    std::set<std::string> done;
    for (const auto &[name, chain] : of_port)
      if (!targets_of[port].contains(name))
        add_with_targets(chain, of_port, done, listing.chains);
    for (const auto &[name, chain] : of_port) // what only a cycle leads to: somebody else's work, but there
      add_with_targets(chain, of_port, done, listing.chains);
  }
  for (const auto &[name, chain] : table.chains) {
    if (chain.owner && !chain.owner->empty())
      continue;
    for (const auto &rule : chain.rules) {
      const auto owner = xtables::read_owner_mark(netlink::user_data_of(*rule.native));
      if (owner && ports.contains(*owner))
        ports[*owner].links.push_back({std::string(xtables::table_text(family)), name, {listed(rule, family)}});
    }
  }
}

} // namespace

const ListedChain *ListedPort::find(const std::string &table, const std::string &name) const {
  const auto found = std::ranges::find_if(
      chains, [&](const ListedChain &chain) { return chain.table == table && chain.name == name; });
  return found == chains.end() ? nullptr : &*found;
}

std::vector<ListedPort> list_ports(const xtables::KernelView &view, const std::string &only) {
  std::map<std::string, ListedPort> ports;
  for (const auto &[family, table] : view.tables)
    add_table(table, family, ports);
  std::vector<ListedPort> result;
  for (auto &[name, port] : ports)
    if (only.empty() ? !xtables::is_cgroup_owner(name) : name == only)
      result.push_back(std::move(port));
  return result;
}

} // namespace nwgate
