// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/kernel_view.h"

#include "drivers/netlink/user_data.h"
#include "drivers/xtables/bridge/policy.h"
#include "drivers/xtables/cgroup_layout.h"

#include <algorithm>
#include <libnftnl/rule.h>
#include <set>

namespace nwgate::xtables {
namespace {

KernelRule understand(netlink::NftRule native, Family family, const SetIndex &sets) {
  KernelRule rule;
  rule.handle = nftnl_rule_get_u64(native.get(), NFTNL_RULE_HANDLE);
  if (family == Family::bridge)
    rule.policy = is_policy(*native);
  if (!rule.policy)
    rule.rule = decode(*native, family, sets);
  rule.native = std::move(native);
  return rule;
}

KernelChain describe(netlink::ChainInfo info) {
  auto owner = read_owner_mark(info.user_data);
  return {std::move(info), std::move(owner), {}, false};
}

/// Reads chains of one table one by one, each once.
class TableReader {
public:
  TableReader(netlink::Channel &channel, const SetIndex &sets, Family family)
      : channel_(channel), sets_(sets), family_(family) {}

  Result<> start() {
    auto info = netlink::table(channel_, table_of(family_));
    if (!info)
      return fail(std::move(info.error()));
    table_.info = std::move(*info);
    return {};
  }

  [[nodiscard]] bool exists() const { return table_.info.has_value(); }

  /// The chain, or nullptr when there is none.
  Result<KernelChain *> chain(const std::string &name) {
    if (!exists() || !asked_.insert(name).second) {
      const auto found = table_.chains.find(name);
      return found == table_.chains.end() ? nullptr : &found->second;
    }
    auto info = netlink::chain(channel_, chain_of(family_, name));
    if (!info)
      return fail(std::move(info.error()));
    if (!*info)
      return nullptr;
    return &table_.chains.insert_or_assign(name, describe(std::move(**info))).first->second;
  }

  Result<KernelChain *> chain_with_rules(const std::string &name) {
    auto found = chain(name);
    if (!found || *found == nullptr || (*found)->rules_read)
      return found;
    auto natives = netlink::rules(channel_, chain_of(family_, name));
    if (!natives)
      return fail(std::move(natives.error()));
    for (auto &native : *natives)
      (*found)->rules.push_back(understand(std::move(native), family_, sets_));
    (*found)->rules_read = true;
    return found;
  }

  /// The chain, and all chains of the same owner that its rules jump to.
  Result<> follow(const std::string &name) {
    auto found = chain_with_rules(name);
    if (!found)
      return fail(std::move(found.error()));
    if (*found == nullptr || !followed_.insert(name).second)
      return {};
    for (const auto &rule : (*found)->rules) {
      const auto *jump = rule.rule ? std::get_if<Jump>(&rule.rule->target) : nullptr;
      if (jump == nullptr)
        continue;
      if (auto next = follow(jump->chain); !next)
        return next;
    }
    return {};
  }

  KernelTable take() { return std::move(table_); }

private:
  netlink::Channel &channel_;
  const SetIndex &sets_;
  Family family_;
  KernelTable table_;
  std::set<std::string> asked_;
  std::set<std::string> followed_;
};

/// The chains that a port may have, apart from bridge sub-chains, which are found by their jumps.
std::vector<std::string> root_names(Family family, const std::string &port, const ChainPrefix &prefix) {
  if (family == Family::bridge)
    return {bridge_root(prefix, Direction::out, port), bridge_root(prefix, Direction::in, port)};
  auto names = port_chains(port);
  return {std::move(names.from_port), std::move(names.to_port), std::move(names.to_host)};
}

Result<> read_rules_of(TableReader &reader, std::initializer_list<std::string> chains) {
  for (const auto &name : chains)
    if (auto read = reader.chain_with_rules(name); !read)
      return fail(std::move(read.error()));
  return {};
}

/// The chains of cgroups, by the links that lead there.
Result<> read_cgroup_parts(TableReader &reader) {
  for (const std::string base : {"INPUT", "OUTPUT"}) {
    const auto chain = reader.chain_with_rules(base);
    if (!chain)
      return fail(chain.error());
    if (*chain == nullptr)
      continue;
    std::vector<std::string> targets;
    for (const auto &rule : (*chain)->rules) {
      const auto owner = read_owner_mark(netlink::user_data_of(*rule.native));
      const auto *jump = rule.rule ? std::get_if<Jump>(&rule.rule->target) : nullptr;
      if (jump != nullptr && owner && is_cgroup_owner(*owner))
        targets.push_back(jump->chain);
    }
    for (const auto &target : targets)
      if (auto followed = reader.follow(target); !followed)
        return followed;
  }
  return {};
}

Result<> read_port_parts(TableReader &reader, Family family, const ChainPrefix &prefix,
                         const std::vector<const PortRuleset *> &wanted, const std::vector<std::string> &leaving) {
  std::set<std::string> ports(leaving.begin(), leaving.end());
  bool needs_family = false;
  for (const auto *ruleset : wanted) {
    if (!is_cgroup_owner(ruleset->port))
      ports.insert(ruleset->port);
    needs_family = needs_family || ruleset->has(family);
  }
  bool has_chains = false;
  for (const auto &port : ports) {
    for (const auto &name : root_names(family, port, prefix)) {
      if (auto followed = reader.follow(name); !followed)
        return followed;
      auto root = reader.chain(name);
      has_chains = has_chains || *root != nullptr;
    }
  }
  for (const auto *ruleset : wanted)
    for (const auto &chain : ruleset->chains)
      if (chain.family == family)
        if (auto read = reader.chain_with_rules(chain.name); !read)
          return fail(std::move(read.error()));

  const auto shared = shared_chains(prefix);
  if (family == Family::bridge)
    return has_chains ? read_rules_of(reader, {"PREROUTING", "POSTROUTING"}) : Result<>{};
  if (has_chains)
    if (auto read = read_rules_of(reader, {shared.in, shared.out, shared.in_post, shared.host_in}); !read)
      return read;
  for (const auto &name : {shared.in, shared.out, shared.in_post, shared.host_in})
    if (auto read = reader.chain(name); !read)
      return fail(std::move(read.error()));
  return needs_family || has_chains ? read_rules_of(reader, {"FORWARD", "INPUT", "OUTPUT"}) : Result<>{};
}

Result<KernelTable> read_table(netlink::Channel &channel, const SetIndex &sets, Family family,
                               const ChainPrefix &prefix, const std::vector<const PortRuleset *> &wanted,
                               const std::vector<std::string> &leaving, bool with_cgroups) {
  TableReader reader(channel, sets, family);
  if (auto started = reader.start(); !started)
    return fail(std::move(started.error()));
  if (!reader.exists())
    return reader.take();
  for (const auto &base : base_chains(family))
    if (auto read = reader.chain(base.name); !read)
      return fail(std::move(read.error()));
  if (auto read = read_port_parts(reader, family, prefix, wanted, leaving); !read)
    return fail(std::move(read.error()));
  if (with_cgroups && family != Family::bridge)
    if (auto read = read_cgroup_parts(reader); !read)
      return fail(std::move(read.error()));
  return reader.take();
}

Result<KernelTable> read_whole_table(netlink::Channel &channel, const SetIndex &sets, Family family) {
  KernelTable table;
  auto info = netlink::table(channel, table_of(family));
  if (!info)
    return fail(std::move(info.error()));
  table.info = std::move(*info);
  if (!table.info)
    return table;
  auto chains = netlink::chains(channel, table_of(family));
  if (!chains)
    return fail(std::move(chains.error()));
  for (auto &chain : *chains) {
    auto name = chain.name.name;
    table.chains.insert_or_assign(std::move(name), describe(std::move(chain))).first->second.rules_read = true;
  }
  auto rules = netlink::rules(channel, table_of(family));
  if (!rules)
    return fail(std::move(rules.error()));
  for (auto &rule : *rules) {
    const auto chain = table.chains.find(nftnl_rule_get_str(rule.get(), NFTNL_RULE_CHAIN));
    if (chain != table.chains.end())
      chain->second.rules.push_back(understand(std::move(rule), family, sets));
  }
  return table;
}

/// Reads the three tables with `read` until no commit came in between.
template <typename Read> Result<KernelView> read_view(netlink::Channel &channel, bool complete, Read read) {
  return netlink::consistent_read(channel, [&](netlink::GenerationId generation) -> Result<KernelView> {
    KernelView view;
    view.generation = generation;
    view.complete = complete;
    for (const auto family : all_families) {
      auto table = read(family);
      if (!table)
        return fail(std::move(table.error()));
      view.tables.insert_or_assign(family, std::move(*table));
    }
    return view;
  });
}

} // namespace

bool ends_packets(const KernelRule &rule) {
  return rule.rule && (rule.rule->target == Target(Verdict::drop) || rule.rule->target == Target(Reject{}));
}

const KernelChain *KernelTable::find(const std::string &chain) const {
  const auto found = chains.find(chain);
  return found == chains.end() ? nullptr : &found->second;
}

Result<KernelView> read_all(netlink::Channel &channel, const SetIndex &sets) {
  return read_view(channel, true, [&](Family family) { return read_whole_table(channel, sets, family); });
}

Result<KernelView> read_ports(netlink::Channel &channel, const SetIndex &sets, const ChainPrefix &prefix,
                              const std::vector<const PortRuleset *> &wanted, const std::vector<std::string> &leaving,
                              bool with_cgroups) {
  return read_view(channel, false, [&](Family family) {
    return read_table(channel, sets, family, prefix, wanted, leaving, with_cgroups);
  });
}

} // namespace nwgate::xtables
