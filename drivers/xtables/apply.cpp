// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/apply.h"

#include "drivers/xtables/adopt.h"
#include "drivers/xtables/cgroup_layout.h"

#include <cerrno>
#include <iterator>

namespace nwgate::xtables {
namespace {

/// Another writer must win this often in a row before we give up.
constexpr int most_attempts = 200;

/// These ports keep what they have.
void set_aside(Desired &desired, const std::set<std::string> &ports) {
  std::erase_if(desired.ports, [&](const PortRuleset *ruleset) { return ports.contains(ruleset->port); });
  desired.untouched.insert(ports.begin(), ports.end());
}

std::optional<Plan> plan_from(const Desired &desired, KernelView &view, const SetIndex &sets, Diagnostics &diagnostics,
                              std::set<std::string> &at_fault) {
  auto operations = desired.adopt ? remove_unmarked(desired, view) : std::vector<Operation>{};
  auto plan = make_plan(desired, view, sets, diagnostics, &at_fault);
  if (plan)
    plan->operations.insert(plan->operations.begin(), std::make_move_iterator(operations.begin()),
                            std::make_move_iterator(operations.end()));
  return plan;
}

/// The plan; with the scope everything, one without the ports that are at fault, which are reported and set
/// aside.
Result<std::optional<Plan>> plan_what_can_be(Desired &desired, Scope scope, netlink::Channel &channel,
                                             const SetIndex &sets, Diagnostics &diagnostics) {
  for (;;) {
    auto view = scope == Scope::everything
                    ? read_all(channel, sets)
                    : read_ports(channel, sets, desired.prefix, desired.ports, desired.leaving, desired.with_cgroups);
    if (!view)
      return fail(std::move(view.error()));
    std::set<std::string> at_fault;
    auto plan = plan_from(desired, *view, sets, diagnostics, at_fault);
    if (plan || at_fault.empty() || scope != Scope::everything)
      return plan;
    set_aside(desired, at_fault);
  }
}

/// The kernel looks for a cgroup when the rule is made. One that has gone since waits, as if it had never been there.
bool leave_out_if_gone(Desired &desired, const std::set<std::string> &owners) {
  if (owners.empty() || !is_cgroup_owner(*owners.begin()) || !desired.is_gone || !desired.is_gone(*owners.begin()))
    return false;
  return std::erase_if(desired.ports, [&](const PortRuleset *ruleset) { return owners.contains(ruleset->port); }) != 0;
}

/// The port of the first refusal: the others may follow from it.
std::set<std::string> port_of(const std::vector<netlink::Refusal> &refusals, const Plan &plan) {
  const auto tag = refusals.front().tag;
  if (!tag || plan.operations[*tag].port.empty())
    return {};
  return {plan.operations[*tag].port};
}

} // namespace

Result<std::optional<Plan>> plan_for(const Desired &desired, Scope scope, netlink::Channel &channel,
                                     const SetIndex &sets, Diagnostics &diagnostics) {
  auto rest = desired;
  return plan_what_can_be(rest, scope, channel, sets, diagnostics);
}

Result<Applied> apply(const Desired &desired, Scope scope, netlink::Channel &channel, const SetIndex &sets,
                      Diagnostics &diagnostics) {
  auto rest = desired;
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    auto plan = plan_what_can_be(rest, scope, channel, sets, diagnostics);
    if (!plan)
      return fail(std::move(plan.error()));
    if (!*plan)
      return Applied{};
    const auto begin = std::chrono::steady_clock::now();
    Diagnostics refusals;
    const auto result = commit(**plan, channel, refusals);
    const auto end = std::chrono::steady_clock::now();
    if (!result)
      return fail(result.error());
    if (result->outcome == netlink::Commit::Outcome::committed)
      return Applied{(*plan)->operations.size(), result->bytes, end - begin};
    if (result->outcome != netlink::Commit::Outcome::refused)
      continue;
    const auto at_fault = port_of(result->refusals, **plan);
    if (leave_out_if_gone(rest, at_fault))
      continue;
    diagnostics.append(refusals);
    if (at_fault.empty() || scope != Scope::everything)
      return Applied{};
    set_aside(rest, at_fault);
  }
  return fail("nf_tables is changed by others all the time: nothing was committed", EAGAIN);
}

} // namespace nwgate::xtables
