// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/nftables/shared_program.h"

#include "drivers/nftables/key_tails.h"
#include "engine/base/hash.h"
#include "engine/model/diagnostic_ids.h"
#include "engine/program/text_form.h"
#include "engine/values/close.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace nwgate::nftables {
namespace {

Program with_only(const ProgramRule &rule, const Chain &chain, const std::string &filter) {
  return {filter, {Chain{chain.layer, chain.direction, root_chain, 0, {rule}, chain.end}}};
}

} // namespace

std::shared_ptr<const SharedProgram> edition_of(const SharedProgram &program) {
  auto copy = program;
  copy.name = fmt::format("{}/e{:016x}", program.name, fnv_hash(to_text(program.program)));
  return std::make_shared<const SharedProgram>(std::move(copy));
}

std::shared_ptr<const SharedProgram> macvtap_of(const SharedProgram &program) {
  auto copy = program;
  copy.name += "/macvtap";
  copy.is_macvtap = true;
  return std::make_shared<const SharedProgram>(std::move(copy));
}

std::string CgroupPlace::name() const { return by_classid ? "classid" : fmt::format("level-{}", level); }

std::string cgroups_program_name(const PortProgram &cgroup, const CgroupPlace &place) {
  const auto &program = *cgroup.program;
  auto name = fmt::format("{}/{}", program.program.filter, place.name());
  if (program.name == program.program.filter && cgroup.values.empty())
    return name;
  auto differences = program.name;
  for (const auto &tails : cgroup.values) {
    differences += fmt::format(":{}:", tails.size());
    for (const auto &tail : tails)
      differences.append(tail.begin(), tail.end());
  }
  return fmt::format("{}/{:016x}", name, fnv_hash(differences));
}

std::optional<CgroupPlace> place_in_name(const std::string &program) {
  constexpr std::string_view level = "level-";
  for (auto slash = program.find('/'); slash != std::string::npos; slash = program.find('/', slash + 1)) {
    const auto word = std::string_view(program).substr(slash + 1, program.find('/', slash + 1) - slash - 1);
    if (word == CgroupPlace{true, 0}.name())
      return CgroupPlace{true, 0};
    std::uint32_t number = 0;
    if (word.starts_with(level) &&
        std::from_chars(word.data() + level.size(), word.data() + word.size(), number).ec == std::errc())
      return CgroupPlace{false, number};
  }
  return std::nullopt;
}

std::shared_ptr<const SharedProgram> cgroups_program(const PortProgram &cgroup, const CgroupPlace &place) {
  auto copy = *cgroup.program;
  copy.name = cgroups_program_name(cgroup, place);
  copy.cgroups = place;
  copy.values = cgroup.values;
  return std::make_shared<const SharedProgram>(std::move(copy));
}

/// The tuples of every slot of the program, and the elements that they make for each lookup of the base.
struct ProgramSharing::Values {
  std::vector<std::vector<Tuple>> tuples;
  std::vector<std::variant<KeyTails, NoTails>> tails;
  /// For each lookup, whether there is but one tuple to make elements of.
  std::vector<bool> is_one_tuple;
};

ProgramSharing::ProgramSharing(const Program &program, std::size_t most_copies)
    : program_(program), most_copies_(most_copies) {
  base_ = std::make_shared<const SharedProgram>(
      SharedProgram{program.filter, false, {}, {}, program, find_lookups(program)});
  for (const auto &chain : program.chains)
    for (const auto &rule : chain.rules)
      for (const auto &slot : rule.slots)
        if (std::ranges::none_of(slots_, [&](const auto &known) { return *known.first == slot; }))
          slots_.emplace_back(&slot, &rule);
}

std::optional<ProgramSharing::Values> ProgramSharing::evaluate(const BindingValues &values) const {
  Values result;
  MissingVariables missing;
  Diagnostics told_by_close;
  for (const auto &[slot, rule] : slots_) {
    auto tuples = evaluate_slot(*slot, values, *rule, missing, told_by_close);
    if (!tuples)
      return std::nullopt;
    result.tuples.push_back(std::move(*tuples));
  }
  const auto tuples_of = [&](const Slot &slot) {
    const auto at = std::ranges::find_if(slots_, [&](const auto &known) { return *known.first == slot; });
    return &result.tuples[static_cast<std::size_t>(at - slots_.begin())];
  };
  for (const auto &lookup : base_->lookups.lookups) {
    std::vector<const std::vector<Tuple> *> tuples;
    for (const auto &slot : lookup.slots)
      tuples.push_back(tuples_of(slot));
    // A list may be empty.
    const bool has_none = std::ranges::any_of(tuples, [](const auto *of_slot) { return of_slot->empty(); });
    result.tails.push_back(has_none ? KeyTails() : key_tails(lookup, tuples));
    result.is_one_tuple.push_back(
        std::ranges::all_of(tuples, [](const auto *of_slot) { return of_slot->size() == 1; }));
    if (const auto *why = std::get_if<NoTails>(&result.tails.back()); why != nullptr && *why == NoTails::wrong_value)
      return std::nullopt;
  }
  return result;
}

bool ProgramSharing::matches_without_values(const ProgramRule &rule, const RulePlan &plan, const Values &values) const {
  const auto finds_nothing = [&](const Slot &slot) {
    return std::ranges::any_of(plan.lookups, [&](const RuleLookup &lookup) {
      return !lookup.negated && std::ranges::find(base_->lookups.lookups[lookup.lookup].slots, slot) !=
                                    base_->lookups.lookups[lookup.lookup].slots.end();
    });
  };
  return std::ranges::any_of(rule.slots, [&](const Slot &slot) {
    const auto at = std::ranges::find_if(slots_, [&](const auto &known) { return *known.first == slot; });
    return values.tuples[static_cast<std::size_t>(at - slots_.begin())].empty() && !finds_nothing(slot);
  });
}

std::size_t ProgramSharing::copies(const ProgramRule &rule, const Values &values) const {
  std::size_t count = 1;
  for (const auto &slot : rule.slots) {
    const auto at = std::ranges::find_if(slots_, [&](const auto &known) { return *known.first == slot; });
    count *= values.tuples[static_cast<std::size_t>(at - slots_.begin())].size();
    if (count > most_copies_)
      break;
  }
  return count;
}

std::vector<std::vector<bool>> ProgramSharing::spelled_out(const Values &values) const {
  const auto has_too_many = [&](const RuleLookup &lookup) {
    const auto *tails = std::get_if<KeyTails>(&values.tails[lookup.lookup]);
    if (tails == nullptr || (lookup.is_single && tails->size() != 1))
      return true;
    // An interval may be the union of several, but what is not in one of them need not be outside the union.
    return lookup.negated && base_->lookups.lookups[lookup.lookup].has_intervals() &&
           !values.is_one_tuple[lookup.lookup];
  };
  std::vector<std::vector<bool>> result;
  for (std::size_t c = 0; c < base_->lookups.chains.size(); ++c) {
    const auto &plans = base_->lookups.chains[c];
    auto &of_chain = result.emplace_back();
    for (std::size_t r = 0; r < plans.size(); ++r)
      of_chain.push_back(plans[r].spelled_out ||
                         (!plans[r].lookups.empty() && copies(program_.chains[c].rules[r], values) <= most_copies_) ||
                         std::ranges::any_of(plans[r].lookups, has_too_many) ||
                         matches_without_values(program_.chains[c].rules[r], plans[r], values));
  }
  return result;
}

std::shared_ptr<const SharedProgram> ProgramSharing::variant(const std::string &port, const BindingValues &values,
                                                             const std::vector<std::vector<bool>> &spelled_out,
                                                             const ResolveLimits &limits, Diagnostics &diagnostics) {
  SharedProgram shared{{}, false, {}, {}, {program_.filter, {}}, {}};
  std::string signature;
  std::size_t rules = 0;
  for (std::size_t c = 0; c < program_.chains.size(); ++c) {
    const auto &chain = program_.chains[c];
    auto &copy = shared.program.chains.emplace_back(
        Chain{chain.layer, chain.direction, chain.name, chain.priority, {}, chain.end});
    for (std::size_t r = 0; r < chain.rules.size(); ++r) {
      if (base_->lookups.chains[c][r].is_private)
        signature += port + '\n';
      if (!spelled_out[c][r]) {
        copy.rules.push_back(chain.rules[r]);
        continue;
      }
      auto closed = close(with_only(chain.rules[r], chain, program_.filter), values, limits, diagnostics);
      if (!closed)
        return nullptr;
      auto &written = closed->program.chains.front().rules;
      rules += written.size();
      for (auto &rule : written) {
        signature += fmt::format("{}.{}", c, r);
        for (const auto &[name, value] : rule.values)
          signature += fmt::format(" {}={}", name, value);
        signature += '\n';
        copy.rules.push_back(std::move(rule));
      }
    }
  }
  if (rules > limits.rules) {
    diagnostics.error(id::too_many_rules, values.where(),
                      fmt::format("the binding expands to more than {} rules", limits.rules));
    return nullptr;
  }
  shared.name = fmt::format("{}/v{:016x}", program_.filter, fnv_hash(signature));
  auto &known = variants_[shared.name];
  if (!known) {
    shared.lookups = find_lookups(shared.program);
    known = std::make_shared<const SharedProgram>(std::move(shared));
  }
  return known;
}

std::optional<PortProgram> ProgramSharing::bind(const std::string &port, const BindingValues &values,
                                                const ResolveLimits &limits, Diagnostics &diagnostics) {
  auto evaluated = evaluate(values);
  if (!evaluated) {
    if (close(program_, values, limits, diagnostics))
      throw std::logic_error("close() finds values for what has none");
    return std::nullopt;
  }
  const auto written = spelled_out(*evaluated);
  const bool is_base =
      std::ranges::none_of(written, [](const auto &chain) { return std::ranges::find(chain, true) != chain.end(); }) &&
      std::ranges::none_of(base_->lookups.chains,
                           [](const auto &plans) { return std::ranges::any_of(plans, &RulePlan::is_private); });
  PortProgram result{port, Attachment::bridge, base_, {}};
  if (!is_base)
    result.program = variant(port, values, written, limits, diagnostics);
  if (!result.program)
    return std::nullopt;
  std::size_t elements = 0;
  for (const auto &lookup : result.program->lookups.lookups) {
    const auto at = std::ranges::find(base_->lookups.lookups, lookup) - base_->lookups.lookups.begin();
    result.values.push_back(std::get<KeyTails>(std::move(evaluated->tails[static_cast<std::size_t>(at)])));
    elements += result.values.back().size();
  }
  if (elements > limits.rules) {
    diagnostics.error(id::too_many_rules, values.where(),
                      fmt::format("the binding's values are more than {} elements of sets", limits.rules));
    return std::nullopt;
  }
  return result;
}

} // namespace nwgate::nftables
