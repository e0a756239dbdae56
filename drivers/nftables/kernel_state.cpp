// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/nftables/kernel_state.h"

#include "drivers/nftables/layout.h"

#include <array>

namespace nwgate::nftables {
namespace {

using netlink::Family;

Result<std::optional<KernelTable>> read_table(netlink::Channel &channel, Family family, ReadElements which) {
  const netlink::TableName name{family, table_name};
  auto info = netlink::table(channel, name);
  if (!info)
    return fail(std::move(info.error()));
  if (!*info)
    return std::optional<KernelTable>();
  KernelTable table;
  table.info = std::move(**info);
  auto chains = netlink::chains(channel, name);
  if (!chains)
    return fail(std::move(chains.error()));
  for (auto &chain : *chains) {
    auto &known = table.chains[chain.name.name];
    known.program = read_program_mark(chain.user_data);
    known.port = read_port_mark(chain.user_data);
    known.info = std::move(chain);
  }
  auto rules = netlink::rule_infos(channel, name);
  if (!rules)
    return fail(std::move(rules.error()));
  for (auto &rule : *rules) {
    auto form = netlink::canonical_form(rule.content.expressions);
    auto &chain = table.chains[rule.chain.name];
    chain.rules.push_back({std::move(rule), std::move(form)});
  }
  auto sets = netlink::sets(channel, name);
  if (!sets)
    return fail(std::move(sets.error()));
  for (auto &set : *sets) {
    if (set.name.name.starts_with("__")) // anonymous, a part of a rule
      continue;
    auto &known = table.sets[set.name.name];
    known.program = read_program_mark(set.user_data);
    known.info = std::move(set);
    const bool asks_for_counts = which == ReadElements::all_with_counts || which == ReadElements::counts;
    const bool with_counts = asks_for_counts && known.info.spec.counters;
    known.elements_read = which == ReadElements::all || which == ReadElements::all_with_counts || with_counts ||
                          (which == ReadElements::counts && known.info.name.name == shared::out_marks);
    if (!known.elements_read)
      continue;
    auto listing = netlink::elements(channel, known.info, with_counts);
    if (!listing)
      return fail(std::move(listing.error()));
    known.listing = std::move(*listing);
  }
  return std::optional(std::move(table));
}

} // namespace

const KernelTable *KernelState::find(Family family) const {
  const auto found = tables.find(family);
  return found == tables.end() ? nullptr : &found->second;
}

const KernelSet *KernelState::find_set(Family family, const std::string &name) const {
  const auto *table = find(family);
  if (table == nullptr)
    return nullptr;
  const auto found = table->sets.find(name);
  return found == table->sets.end() ? nullptr : &found->second;
}

Result<KernelState> read_state(netlink::Channel &channel, ReadElements elements, ReadElements of_cgroups) {
  return netlink::consistent_read(channel, [&](netlink::GenerationId generation) -> Result<KernelState> {
    KernelState state;
    state.generation = generation;
    std::vector<Family> families(all_families.begin(), all_families.end());
    families.push_back(Family::inet);
    for (const auto family : families) {
      auto table = read_table(channel, family, family == Family::inet ? of_cgroups : elements);
      if (!table)
        return fail(std::move(table.error()));
      if (*table)
        state.tables.emplace(family, std::move(**table));
    }
    return state;
  });
}

} // namespace nwgate::nftables
