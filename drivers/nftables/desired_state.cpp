// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/nftables/desired_state.h"

#include "engine/model/diagnostic_ids.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

namespace nwgate::nftables {
namespace {

using netlink::Family;

std::uint32_t hash_of(std::string_view text) {
  std::uint32_t hash = 2166136261U;
  for (const char c : text)
    hash = (hash ^ static_cast<std::uint8_t>(c)) * 16777619U;
  return hash;
}

/// So many programs have a rule that leads to them; packets of the others pass these in vain.
constexpr std::size_t most_rules = 4;

class Builder {
public:
  Builder(const Desired &desired, const KernelState &state, const PlanContext &context, const xtables::SetIndex &sets,
          Diagnostics &diagnostics, std::set<std::string> &at_fault)
      : desired_(desired), state_(state), context_(context), sets_(sets), diagnostics_(diagnostics),
        at_fault_(at_fault) {}

  std::optional<DesiredState> run() {
    learn_from_kernel();
    result_.is_empty = context_.elements_read && desired_.ports.empty() && staying_.empty();
    if (result_.is_empty)
      return std::move(result_);
    choose_dispatch();
    lay_out_base(ways(), any_routed(), desired_.options, result_.ruleset);
    lay_out_programs();
    if (!at_fault_.empty())
      return std::nullopt;
    for (const auto &port : desired_.ports)
      if (!lay_out(port))
        return std::nullopt;
    result_.ruleset.seal();
    return std::move(result_);
  }

private:
  /// The programs that the kernel has, and the ports that this plan does not touch.
  void learn_from_kernel() {
    for (const auto family : all_families)
      if (const auto *table = state_.find(family))
        for (const auto &[name, chain] : table->chains)
          if (chain.program && !chain.program->name.empty()) {
            auto &program = programs_[chain.program->name];
            program.id = *chain.program;
            program.families.insert(family);
            program.ip_in_bridge |=
                family == Family::bridge && (name.ends_with("/out.ipv4") || name.ends_with("/out.ipv6"));
          }
    if (!context_.elements_read) { // ports are only added
      for (const auto &[name, program] : programs_)
        result_.kept_programs.insert(name);
      return;
    }
    std::set<std::string> touched(desired_.leaving.begin(), desired_.leaving.end());
    for (const auto &port : desired_.ports)
      touched.insert(port.program.port);
    for (const auto &[port, known] : context_.known_ports) {
      if (known.mark != 0)
        marks_.insert(known.mark);
      const bool stays =
          context_.scope == Scope::everything ? desired_.untouched.contains(port) : !touched.contains(port);
      if (!stays)
        continue;
      staying_.insert(port);
      if (programs_.contains(known.program))
        result_.kept_programs.insert(known.program);
    }
    std::erase_if(programs_, [&](const auto &entry) {
      const bool is_desired = std::ranges::any_of(
          desired_.ports, [&](const auto &port) { return port.program.program->name == entry.first; });
      return !is_desired && !result_.kept_programs.contains(entry.first);
    });
  }

  void choose_dispatch() {
    auto rules = static_cast<std::size_t>(
        std::ranges::count_if(programs_, [](const auto &entry) { return entry.second.id.dispatch == Dispatch::set; }));
    // Those with the most ports first.
    std::map<std::string, std::size_t> counts;
    for (const auto &port : desired_.ports)
      ++counts[port.program.program->name];
    std::vector<std::pair<std::size_t, const SharedProgram *>> order;
    for (const auto &port : desired_.ports) {
      auto &count = counts[port.program.program->name];
      if (count == 0)
        continue;
      order.emplace_back(count, port.program.program.get());
      count = 0;
    }
    std::ranges::stable_sort(order, std::greater(), [](const auto &entry) { return entry.first; });
    for (const auto &[count, program] : order) {
      auto &known = programs_[program->name];
      if (known.id.name.empty())
        known.id = {program->name, rules++ < most_rules ? Dispatch::set : Dispatch::verdict_map};
      if (!result_.kept_programs.contains(program->name)) // otherwise others may have it elsewhere
        known = {known.id, {}, false};
    }
    for (const auto &port : desired_.ports) {
      auto &known = programs_.at(port.program.program->name);
      known.families.merge(families_of(*port.program.program, port.program.attachment));
      known.ip_in_bridge |=
          port.program.attachment == Attachment::bridge_conntrack && has_ip_layer(*port.program.program);
    }
  }

  /// Whether a port is routed and has an IP layer: one of those that come, or one that stays.
  [[nodiscard]] bool any_routed() const {
    const bool comes = std::ranges::any_of(desired_.ports, [](const Desired::Port &port) {
      return port.program.attachment == Attachment::routed && has_ip_layer(*port.program.program);
    });
    const bool may_stay = !context_.elements_read || !staying_.empty();
    return comes || (may_stay && (state_.find_set(Family::ip, shared::out_marks) != nullptr ||
                                  state_.find_set(Family::ip6, shared::out_marks) != nullptr));
  }

  [[nodiscard]] std::vector<Dispatched> ways() const {
    std::vector<Dispatched> ways;
    for (const auto &[name, program] : programs_)
      ways.push_back(program);
    return ways;
  }

  void lay_out_programs() {
    std::map<std::string, bool> done;
    for (const auto &port : desired_.ports) {
      const auto &program = *port.program.program;
      const auto [entry, is_new] = done.try_emplace(program.name, true);
      if (is_new)
        entry->second = lay_out_program(program, programs_.at(program.name), desired_.options, sets_, result_.ruleset,
                                        diagnostics_);
      if (!entry->second)
        at_fault_.insert(port.program.port);
      result_.kept_programs.erase(program.name);
    }
  }

  /// A free mark: by the port's name, so that it is likely to be the same again.
  std::optional<std::uint32_t> new_mark(const std::string &port) {
    const auto most = most_marks(desired_.options);
    const auto start = hash_of(port) % most;
    for (std::uint32_t i = 0; i < most; ++i) {
      const auto mark = mark_of((start + i) % most + 1, desired_.options);
      if (marks_.contains(mark) || (context_.is_taken && context_.is_taken(mark)))
        continue;
      marks_.insert(mark);
      return mark;
    }
    return std::nullopt;
  }

  bool lay_out(const Desired::Port &port) {
    const auto &program = *port.program.program;
    PortPlace place{programs_.at(program.name).id, 0, port.device};
    if (has_ip_layer(program) &&
        (port.program.attachment == Attachment::bridge || port.program.attachment == Attachment::routed)) {
      const auto known = context_.known_ports.find(port.program.port);
      const bool has_mark = known != context_.known_ports.end() && known->second.mark != 0 &&
                            (known->second.mark & ~desired_.options.mark_mask) == 0;
      const auto mark = has_mark ? std::optional(known->second.mark) : new_mark(port.program.port);
      if (!mark) {
        diagnostics_.error(id::not_expressible, {},
                           fmt::format("layout nftables: mark-mask has room for {} ports whose filters have rules of "
                                       "an IP layer; there are more",
                                       most_marks(desired_.options)));
        return false;
      }
      place.mark = *mark;
    }
    lay_out_port(port.program, place, desired_.options, result_.ruleset);
    return true;
  }

  const Desired &desired_;
  const KernelState &state_;
  const PlanContext &context_;
  const xtables::SetIndex &sets_;
  Diagnostics &diagnostics_;
  std::set<std::string> &at_fault_;
  DesiredState result_;
  std::map<std::string, Dispatched> programs_;
  std::set<std::uint32_t> marks_;
  std::set<std::string> staying_;
};

} // namespace

std::optional<DesiredState> desired_state(const Desired &desired, const KernelState &state, const PlanContext &context,
                                          const xtables::SetIndex &sets, Diagnostics &diagnostics,
                                          std::set<std::string> &at_fault) {
  return Builder(desired, state, context, sets, diagnostics, at_fault).run();
}

} // namespace nwgate::nftables
