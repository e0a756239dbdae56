// SPDX-License-Identifier: LGPL-2.1-or-later
// The layout nftables: rules that ports share, with what is each port's own.
#include "tools/nwgate/chains_view.h"

#include "drivers/netlink/user_data.h"
#include "drivers/nftables/cgroup_counters.h"
#include "drivers/nftables/cgroup_layout.h"
#include "drivers/nftables/describe.h"
#include "drivers/nftables/element_words.h"
#include "drivers/nftables/layout.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>
#include <tuple>
#include <unordered_map>

namespace nwgate {
namespace {

using netlink::Family;
using nftables::KernelChain;
using nftables::KernelSet;
using nftables::KernelState;
using nftables::KernelTable;
using nftables::table_text;

/// The values of each port in one set.
struct SetValues {
  struct Value {
    std::string text;
    /// With the names of the variables; empty if the set is of none.
    std::string of_binding;
  };
  /// By the bytes of the key that tell the port.
  std::unordered_map<std::string, std::vector<Value>> by_port;
};

/// A rule without what is the port's own.
struct CommonRule {
  ListedRule listed;
  nftables::RuleWords words;
};

class Lister {
public:
  Lister(const KernelState &state, const xtables::SetIndex &ip_sets, std::string only)
      : state_(state), ip_sets_(ip_sets), only_(std::move(only)), counters_(nftables::port_counters(state)) {
    for (const auto &[name, port] : counters_)
      ++shared_by_[{port.program, is_on_device(port)}];
  }

  std::vector<ListedPort> run() {
    std::vector<ListedPort> ports;
    for (const auto &[name, counters] : counters_)
      if (only_.empty() || name == only_)
        ports.push_back(listed_port(name, counters));
    return ports;
  }

  std::optional<ListedPort> cgroup(const std::string &name, const nftables::CgroupKey &cgroup) {
    const auto *table = state_.find(Family::inet);
    if (!cgroup_counters_)
      cgroup_counters_.emplace(table);
    const auto counters = cgroup_counters_->of(cgroup);
    if (!counters || table == nullptr)
      return std::nullopt;
    ListedPort listed;
    listed.port = name;
    listed.layout = "nftables";
    listed.counters = *counters;
    const auto bytes = nftables::cgroup_key_bytes(cgroup.place, cgroup.id);
    const std::string key(bytes.begin(), bytes.end());
    std::set<std::vector<std::uint8_t>> sharing;
    for (const auto &[set_name, set] : table->sets)
      for (const auto &element : set.listing.verdicts)
        if (element.chain.starts_with(counters->program + '/'))
          sharing.insert(element.key);
    listed.program = ListedProgram{counters->program, nftables::filter_of(counters->program),
                                   std::string(nftables::attachment_text(counters->attachment)), sharing.size()};
    add_links(Family::inet, *table, counters->program, key, listed);
    sort_links(counters->program, listed);
    for (const auto direction : {Direction::out, Direction::in})
      add_chains(Family::inet, direction, counters->program, key, listed);
    return listed;
  }

private:
  ListedPort listed_port(const std::string &name, const nftables::PortCounters &counters) {
    ListedPort port;
    port.port = name;
    port.layout = "nftables";
    port.counters = counters;
    if (counters.program.empty()) // somebody has taken the way there
      return port;
    const bool on_device = is_on_device(counters);
    port.program = ListedProgram{counters.program, nftables::filter_of(counters.program),
                                 std::string(nftables::attachment_text(counters.attachment)),
                                 shared_by_[{counters.program, on_device}]};
    const auto keys = [&](Family family) {
      const bool is_ip = family == Family::ip || family == Family::ip6;
      const auto key = is_ip ? nftables::number_key(counters.mark) : nftables::name_key(name);
      return std::string(key.begin(), key.end());
    };
    // The family of the port's ethernet layer, and those of its IP layers.
    const auto ethernet = on_device ? Family::netdev : Family::bridge;
    std::vector<Family> families{ethernet};
    if (counters.mark != 0)
      families.insert(families.end(), {Family::ip, Family::ip6});
    for (const auto family : families)
      if (const auto *table = state_.find(family))
        add_links(family, *table, counters.program, keys(family), port);
    sort_links(counters.program, port);
    // In the order in which packets meet them.
    for (const auto family : families)
      add_chains(family, Direction::out, counters.program, keys(family), port);
    std::rotate(families.begin(), families.begin() + 1, families.end());
    for (const auto family : families)
      add_chains(family, Direction::in, counters.program, keys(family), port);
    return port;
  }

  /// The port's ethernet layer is in the netdev family.
  static bool is_on_device(const nftables::PortCounters &port) {
    return port.attachment != nftables::Attachment::bridge && port.attachment != nftables::Attachment::bridge_conntrack;
  }

  // --- ways to the program

  void add_links(Family family, const KernelTable &table, const std::string &program, const std::string &key,
                 ListedPort &port) {
    for (const auto &[name, chain] : table.chains) {
      if (!chain.info.base || (!chain.port.empty() && chain.port != port.port))
        continue;
      for (std::size_t i = 0; i < chain.rules.size(); ++i)
        for (auto &rule : ways_of(table, common_rule(family, table, chain, i), key))
          if (const auto target = table.chains.find(rule.target);
              target != table.chains.end() && target->second.program && target->second.program->name == program)
            port.links.push_back({table_text(family), name, {std::move(rule)}});
    }
  }

  /// Where the rule leads packets of the port. A rule that leads to a program has no counter: the port's element
  /// counts, and in a verdict map tells the way.
  std::vector<ListedRule> ways_of(const KernelTable &table, const CommonRule &common, const std::string &key) {
    std::vector<ListedRule> ways;
    if (common.listed.verdict != "vmap")
      ways.push_back(common.listed);
    for (const auto &condition : common.words.conditions) {
      const auto found = table.sets.find(condition.set);
      if (found == table.sets.end())
        continue;
      const auto &set = found->second;
      const auto &places = places_of(set);
      const auto [first, last] = places.equal_range(key);
      for (auto place = first; place != last; ++place) {
        if (common.listed.verdict == "vmap") {
          const auto &element = set.listing.verdicts[place->second];
          auto &rule = ways.emplace_back(common.listed);
          rule.verdict = element.go_to ? "goto" : "jump";
          rule.target = element.chain;
          rule.text += fmt::format(" {} {}", rule.verdict, element.chain);
        }
        if (place->second < set.listing.counts.size())
          ways.back().counts = set.listing.counts[place->second];
      }
    }
    return ways;
  }

  /// Where the set has the elements of each port.
  const std::unordered_multimap<std::string, std::size_t> &places_of(const KernelSet &set) {
    const auto [entry, is_new] = places_.try_emplace(&set);
    auto &places = entry->second;
    if (!is_new)
      return places;
    const nftables::ElementReader reader(set.info.name.name, set.info.spec);
    const auto add = [&](netlink::Bytes element, std::size_t index) {
      const auto key = reader.port_key(element);
      places.emplace(std::string(key.begin(), key.end()), index);
    };
    const auto &listing = set.listing;
    for (std::size_t i = 0; i < listing.verdicts.size(); ++i)
      add(listing.verdicts[i].key, i);
    const auto size = set.info.spec.element_size();
    for (std::size_t i = 0; size > 0 && (i + 1) * size <= listing.elements.size(); ++i)
      add(netlink::Bytes(listing.elements).subspan(i * size, size), i);
    return places;
  }

  /// In the order in which packets meet them: what the port sends, what it receives.
  static void sort_links(const std::string &program, ListedPort &port) {
    const auto out = nftables::chain_name(program, Direction::out, root_chain);
    const auto rank = [&](const ListedChain &link) {
      const auto &target = link.rules.front().target;
      const bool is_out = target == out || target.starts_with(out + ".");
      const bool is_ip = link.table.starts_with("ip") || target.ends_with(".ipv4") || target.ends_with(".ipv6");
      return std::tuple(is_out ? 0 : 1, is_out == is_ip ? 1 : 0);
    };
    std::ranges::stable_sort(port.links, {}, rank);
  }

  // --- the program

  void add_chains(Family family, Direction direction, const std::string &program, const std::string &key,
                  ListedPort &port) {
    const auto *found = state_.find(family);
    if (found == nullptr)
      return;
    const auto &table = *found;
    std::set<std::string> done;
    add_with_targets(family, table, nftables::chain_name(program, direction, root_chain), program, key, done, port);
    // Those of an IP layer, and what nothing leads to.
    const auto root = nftables::chain_name(program, direction, root_chain);
    for (const auto &[name, chain] : table.chains)
      if (name.starts_with(root + "/") || name.starts_with(root + "."))
        add_with_targets(family, table, name, program, key, done, port);
  }

  void add_with_targets(Family family, const KernelTable &table, const std::string &name, const std::string &program,
                        const std::string &key, std::set<std::string> &done, ListedPort &port) {
    const auto chain = table.chains.find(name);
    if (chain == table.chains.end() || !chain->second.program || chain->second.program->name != program ||
        !done.insert(name).second)
      return;
    const auto at = port.chains.size();
    port.chains.push_back({table_text(family), name, {}});
    for (std::size_t i = 0; i < chain->second.rules.size(); ++i)
      port.chains[at].rules.push_back(of_port(table, common_rule(family, table, chain->second, i), key));
    for (std::size_t i = 0; i < port.chains[at].rules.size(); ++i)
      if (const auto target = port.chains[at].rules[i].target; !target.empty())
        add_with_targets(family, table, target, program, key, done, port);
  }

  /// A rule is described once, however many ports have it.
  const CommonRule &common_rule(Family family, const KernelTable &table, const KernelChain &chain, std::size_t index) {
    const auto &rule = chain.rules[index];
    const auto [entry, is_new] = rules_.try_emplace(&rule);
    if (!is_new)
      return entry->second;
    auto &common = entry->second;
    const auto specs = [&](const std::string &name) -> const netlink::SetSpec * {
      const auto set = table.sets.find(name);
      return set == table.sets.end() ? nullptr : &set->second.info.spec;
    };
    common.words = nftables::describe(family, rule.info.content, specs, ip_sets_);
    auto &listed = common.listed;
    listed.text = common.words.text();
    listed.expressions = nftables::expressions_text(rule.info.content);
    listed.counts = rule.info.counts;
    listed.verdict = common.words.effect;
    listed.target = common.words.target;
    const auto &user_data = rule.info.content.user_data;
    listed.mark = xtables::read_rule_mark(user_data);
    if (!listed.mark && (xtables::read_owner_mark(user_data) || nftables::read_program_mark(user_data)))
      listed.mark.emplace();
    return common;
  }

  ListedRule of_port(const KernelTable &table, const CommonRule &common, const std::string &key) {
    auto rule = common.listed;
    bool has_values = false;
    std::string text;
    for (const auto &condition : common.words.conditions) {
      text += (text.empty() ? "" : " ") + condition.text;
      const auto set = table.sets.find(condition.set);
      if (set == table.sets.end())
        continue;
      has_values = true;
      std::vector<std::string> values;
      for (const auto &value : values_of(set->second, key)) {
        values.push_back(value.text);
        if (rule.mark && !value.of_binding.empty())
          rule.mark->values.push_back(value.of_binding);
      }
      text += fmt::format(" [{}]", fmt::join(values, ", "));
    }
    if (has_values)
      rule.text_with_values = text + (common.words.verdict.empty() ? "" : " " + common.words.verdict);
    return rule;
  }

  const std::vector<SetValues::Value> &values_of(const KernelSet &set, const std::string &key) {
    static const std::vector<SetValues::Value> none;
    const auto [entry, is_new] = values_.try_emplace(&set);
    if (is_new)
      read_values(set, key, entry->second);
    const auto &by_port = entry->second.by_port;
    auto found = by_port.find(key);
    if (found == by_port.end())
      found = by_port.find({}); // of a program's own values
    return found == by_port.end() ? none : found->second;
  }

  /// Of all ports, or of the only one.
  void read_values(const KernelSet &set, const std::string &key, SetValues &out) const {
    const nftables::ElementReader reader(set.info.name.name, set.info.spec);
    const auto size = set.info.spec.element_size();
    auto elements = set.listing.elements;
    nftables::sort_records(elements, size);
    const netlink::Bytes all(elements);
    for (std::size_t at = 0; size > 0 && at + size <= all.size(); at += size) {
      const auto element = all.subspan(at, size);
      const auto bytes = reader.port_key(element);
      std::string owner(bytes.begin(), bytes.end());
      if (!only_.empty() && owner != key && !owner.empty())
        continue;
      const auto words = reader.read(element);
      out.by_port[std::move(owner)].push_back({words.value, reader.binding_text(words).value_or("")});
    }
  }

  const KernelState &state_;
  const xtables::SetIndex &ip_sets_;
  std::string only_;
  std::map<std::string, nftables::PortCounters> counters_;
  std::optional<nftables::CgroupCounters> cgroup_counters_;
  /// Ports, by their program and whether their ethernet layer is in the netdev family.
  std::map<std::pair<std::string, bool>, std::size_t> shared_by_;
  std::unordered_map<const nftables::KernelRule *, CommonRule> rules_;
  std::unordered_map<const KernelSet *, SetValues> values_;
  std::unordered_map<const KernelSet *, std::unordered_multimap<std::string, std::size_t>> places_;
};

} // namespace

std::vector<ListedPort> list_ports(const nftables::KernelState &state, const xtables::SetIndex &sets,
                                   const std::string &only) {
  return Lister(state, sets, only).run();
}

std::vector<std::optional<ListedPort>> list_cgroups(const nftables::KernelState &state, const xtables::SetIndex &sets,
                                                    const std::vector<NamedCgroup> &cgroups) {
  Lister lister(state, sets, "");
  std::vector<std::optional<ListedPort>> listed;
  listed.reserve(cgroups.size());
  for (const auto &[name, key] : cgroups)
    listed.push_back(lister.cgroup(name, key));
  return listed;
}

} // namespace nwgate
