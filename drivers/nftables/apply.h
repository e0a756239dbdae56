// SPDX-License-Identifier: LGPL-2.1-or-later
/// Brings the kernel to what is desired, in one transaction.
#pragma once

#include "drivers/nftables/plan.h"

#include <chrono>

namespace nwgate::nftables {

struct Applied {
  /// Operations that were committed; 0 when all was as desired.
  std::size_t operations = 0;
  std::size_t bytes = 0;
  /// From the call that sends the batch to the kernel's answer.
  std::chrono::nanoseconds commit_time{};
};

/// Reads, plans and commits; again when another writer has committed in between. When a document's rule cannot be
/// written or is refused, that is in `diagnostics`, and nothing has changed; with the scope everything, nothing of the
/// ports that have it, while the others get what they should have.
Result<Applied> apply(const Desired &desired, Scope scope, netlink::Channel &channel, const xtables::SetIndex &sets,
                      Diagnostics &diagnostics);

/// The plan that apply() would commit, and the state that it was made for.
struct Planned {
  KernelState state;
  std::optional<Plan> plan;
  std::chrono::nanoseconds read_time{};
  std::chrono::nanoseconds compare_time{};
};
Result<Planned> plan_for(const Desired &desired, Scope scope, netlink::Channel &channel, const xtables::SetIndex &sets,
                         Diagnostics &diagnostics);

} // namespace nwgate::nftables
