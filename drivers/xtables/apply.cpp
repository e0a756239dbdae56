// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/apply.h"

#include <cerrno>

namespace nwgate::xtables {
namespace {

/// Another writer must win this often in a row before we give up.
constexpr int most_attempts = 200;

} // namespace

Result<std::optional<Plan>> plan_for(const Desired &desired, Scope scope, netlink::Channel &channel,
                                     const SetIndex &sets, Diagnostics &diagnostics) {
  auto view = scope == Scope::everything ? read_all(channel, sets)
                                         : read_ports(channel, sets, desired.prefix, desired.ports, desired.leaving);
  if (!view)
    return fail(std::move(view.error()));
  return make_plan(desired, *view, sets, diagnostics);
}

Result<Applied> apply(const Desired &desired, Scope scope, netlink::Channel &channel, const SetIndex &sets,
                      Diagnostics &diagnostics) {
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    auto plan = plan_for(desired, scope, channel, sets, diagnostics);
    if (!plan)
      return fail(std::move(plan.error()));
    if (!*plan)
      return Applied{};
    const auto begin = std::chrono::steady_clock::now();
    const auto result = commit(**plan, channel, diagnostics);
    const auto end = std::chrono::steady_clock::now();
    if (!result)
      return fail(result.error());
    if (result->outcome == netlink::Commit::Outcome::refused)
      return Applied{};
    if (result->outcome == netlink::Commit::Outcome::committed)
      return Applied{(*plan)->operations.size(), result->bytes, end - begin};
  }
  return fail("nf_tables is changed by others all the time: nothing was committed", EAGAIN);
}

} // namespace nwgate::xtables
