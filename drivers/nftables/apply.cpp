// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/nftables/apply.h"

#include <algorithm>
#include <cerrno>

namespace nwgate::nftables {
namespace {

using netlink::Family;

/// Another writer must win this often in a row before we give up.
constexpr int most_attempts = 200;

/// These ports keep what they have.
void set_aside(Desired &desired, const std::set<std::string> &ports) {
  std::erase_if(desired.ports, [&](const Desired::Port &port) { return ports.contains(port.program.port); });
  desired.untouched.insert(ports.begin(), ports.end());
}

/// Whether the kernel knows any of the ports that are named: then what they have must be read.
Result<bool> knows_any(const Desired &desired, const KernelState &state, netlink::Channel &channel) {
  if (!desired.leaving.empty())
    return true;
  for (const auto family : {Family::bridge, Family::netdev}) {
    const auto *set = state.find_set(family, shared::in_dropped); // has every port
    if (set == nullptr)
      continue;
    for (const auto &port : desired.ports) {
      const auto found = netlink::element(channel, set->info, name_key(port.program.port));
      if (!found)
        return fail(found.error());
      if (*found)
        return true;
    }
  }
  return false;
}

class Attempt {
public:
  Attempt(Scope scope, netlink::Channel &channel, const xtables::SetIndex &sets, bool read_all)
      : scope_(scope), channel_(channel), sets_(sets), read_all_(read_all || scope == Scope::everything) {}

  Result<> read(const Desired &desired) {
    if (!read_all_) {
      auto state = read_state(channel_, ReadElements::none,
                              desired.cgroups ? ReadElements::all_with_counts : ReadElements::none);
      if (!state)
        return fail(std::move(state.error()));
      state_ = std::move(*state);
      const auto known = knows_any(desired, state_, channel_);
      if (!known)
        return fail(known.error());
      read_all_ = *known;
    }
    if (read_all_) {
      auto state =
          read_state(channel_, ReadElements::all, desired.cgroups ? ReadElements::all_with_counts : ReadElements::all);
      if (!state)
        return fail(std::move(state.error()));
      state_ = std::move(*state);
    }
    return {};
  }

  std::optional<Plan> plan(const Desired &desired, Diagnostics &diagnostics, std::set<std::string> &at_fault) const {
    PlanContext context;
    context.scope = scope_;
    context.elements_read = read_all_;
    if (read_all_)
      context.known_ports = ports_in(state_);
    else
      context.is_taken = [this](std::uint32_t mark) { return is_taken(mark); };
    return make_plan(desired, state_, context, sets_, diagnostics, at_fault);
  }

  [[nodiscard]] bool has_read_all() const { return read_all_; }
  [[nodiscard]] const KernelState &state() const { return state_; }
  KernelState take_state() { return std::move(state_); }

private:
  [[nodiscard]] bool is_taken(std::uint32_t mark) const {
    return std::ranges::any_of(std::array{Family::ip, Family::ip6}, [&](Family family) {
      const auto *set = state_.find_set(family, shared::in_dropped); // has every port
      if (set == nullptr)
        return false;
      const auto found = netlink::element(channel_, set->info, number_key(mark));
      return !found || *found; // what cannot be asked is not taken for free
    });
  }

  Scope scope_;
  netlink::Channel &channel_;
  const xtables::SetIndex &sets_;
  bool read_all_;
  KernelState state_;
};

/// The programs that the kernel has otherwise than the plan would have them.
std::set<std::string> changed_programs(const Plan &plan, const KernelState &state) {
  const auto is_known = [&](netlink::Family family, const std::string &program) {
    const auto *table = state.find(family);
    return table != nullptr && table->chains.contains(chain_name(program, Direction::out, root_chain));
  };
  std::set<std::string> changed;
  for (const auto &operation : plan.operations) {
    using Kind = Operation::Kind;
    const bool is_of_rules = operation.kind != Kind::add_elements && operation.kind != Kind::delete_elements &&
                             operation.kind != Kind::add_verdict && operation.kind != Kind::delete_verdict &&
                             operation.kind != Kind::replace_rule;
    if (is_of_rules && operation.program && operation.port.empty() && !operation.program->name.empty() &&
        is_known(operation.family, operation.program->name))
      changed.insert(operation.program->name);
  }
  return changed;
}

/// A filter that was edited, but not brought to all of its ports yet, does not change for those that a plan does not
/// touch: the others get an edition of their own. False if there is nothing to do.
bool set_editions(Desired &desired, Scope scope, const std::set<std::string> &changed,
                  const std::map<std::string, KnownPort> &known) {
  std::set<std::string> named(desired.leaving.begin(), desired.leaving.end());
  for (const auto &port : desired.ports)
    named.insert(port.program.port);
  std::set<std::string> used_by_others;
  for (const auto &[port, what] : known) {
    const bool stays = scope == Scope::everything ? desired.untouched.contains(port) : !named.contains(port);
    if (stays && changed.contains(what.program))
      used_by_others.insert(what.program);
  }
  std::map<std::string, std::shared_ptr<const SharedProgram>> editions;
  for (auto &port : desired.ports) {
    const auto &program = *port.program.program;
    if (!used_by_others.contains(program.name))
      continue;
    auto &edition = editions[program.name];
    if (!edition)
      edition = edition_of(program);
    port.program.program = edition;
  }
  return !editions.empty();
}

/// The ports that have the program of what was refused.
std::set<std::string> ports_of(const Operation *refused, const Desired &desired) {
  std::set<std::string> ports;
  if (refused != nullptr && refused->program && !refused->program->name.empty())
    for (const auto &port : desired.ports)
      if (port.program.program->name == refused->program->name)
        ports.insert(port.program.port);
  return ports;
}

} // namespace

Result<Planned> plan_for(const Desired &desired, Scope scope, netlink::Channel &channel, const xtables::SetIndex &sets,
                         Diagnostics &diagnostics) {
  using Clock = std::chrono::steady_clock;
  std::optional<Desired> rest; // a copy only when ports are left out
  for (;;) {
    const auto &wanted = rest ? *rest : desired;
    Attempt attempt(scope, channel, sets, true);
    const auto begin = Clock::now();
    if (auto read = attempt.read(wanted); !read)
      return fail(std::move(read.error()));
    const auto has_read = Clock::now();
    std::set<std::string> at_fault;
    auto plan = attempt.plan(wanted, diagnostics, at_fault);
    const auto changed = plan ? changed_programs(*plan, attempt.state()) : std::set<std::string>{};
    if (plan ? changed.empty() : at_fault.empty() || scope != Scope::everything)
      return Planned{attempt.take_state(), std::move(plan), has_read - begin, Clock::now() - has_read};
    if (!rest)
      rest = desired;
    if (!plan)
      set_aside(*rest, at_fault);
    else if (!set_editions(*rest, scope, changed, ports_in(attempt.state())))
      return Planned{attempt.take_state(), std::move(plan), has_read - begin, Clock::now() - has_read};
  }
}

Result<Applied> apply(const Desired &desired, Scope scope, netlink::Channel &channel, const xtables::SetIndex &sets,
                      Diagnostics &diagnostics) {
  auto rest = desired;
  bool read_all = false;
  for (int tries = 0; tries < most_attempts; ++tries) {
    Attempt attempt(scope, channel, sets, read_all);
    if (auto read = attempt.read(rest); !read)
      return fail(std::move(read.error()));
    std::set<std::string> at_fault;
    Diagnostics told;
    const auto plan = attempt.plan(rest, told, at_fault);
    if (!plan) {
      diagnostics.append(told);
      if (at_fault.empty() || scope != Scope::everything)
        return Applied{};
      set_aside(rest, at_fault);
      continue;
    }
    const auto changed = changed_programs(*plan, attempt.state());
    if (!changed.empty() && !attempt.has_read_all()) { // are they others' too?
      read_all = true;
      continue;
    }
    if (!changed.empty() && set_editions(rest, scope, changed, ports_in(attempt.state())))
      continue;
    const Operation *refused = nullptr;
    const auto begin = std::chrono::steady_clock::now();
    const auto result = commit(*plan, channel, told, &refused);
    const auto end = std::chrono::steady_clock::now();
    if (!result)
      return fail(result.error());
    if (result->outcome == netlink::Commit::Outcome::committed) {
      diagnostics.append(told);
      return Applied{plan->operations.size(), result->bytes, end - begin};
    }
    if (result->outcome != netlink::Commit::Outcome::refused)
      continue;
    if (!attempt.has_read_all()) { // something is there that a new port does not have
      read_all = true;
      continue;
    }
    diagnostics.append(told);
    const auto ports = ports_of(refused, rest);
    if (ports.empty() || scope != Scope::everything)
      return Applied{};
    set_aside(rest, ports);
  }
  return fail("nf_tables is changed by others all the time: nothing was committed", EAGAIN);
}

} // namespace nwgate::nftables
