// SPDX-License-Identifier: LGPL-2.1-or-later
/// The generation of a network namespace's nf_tables, and reading within one of them.
#pragma once

#include "drivers/netlink/channel.h"
#include "drivers/netlink/names.h"

#include <cerrno>
#include <utility>

namespace nwgate::netlink {

/// The generation, at a moment when no transaction is under way: waits for one that is.
///
/// The kernel's plain answer (NFT_MSG_GETGEN) may be of a commit that has only begun: readers can still see
/// the old rules, and then both, under the new number. So the number is sent back as the condition of an
/// empty batch, which takes the lock of all transactions, changes nothing, is no generation and no event.
/// (That plain answer also has a process id and name: those of the one who asks, not of the last committer.
/// Only the event that goes with a commit tells who it was.)
Result<GenerationId> generation(Channel &channel);

/// The kernel's plain answer: the number of the last commit, or of one that has begun. Equal to an earlier
/// generation() it says that nothing has changed since: the number rises before the rules do.
Result<GenerationId> plain_generation(Channel &channel);

/// Runs `read` until no commit came in between, so that several reads fit together. `read` is called with the
/// generation and returns a Result; that of the last call is returned, or its first Error. EAGAIN when others
/// commit so often that `attempts` do not suffice.
template <typename Read>
auto consistent_read(Channel &channel, Read read, int attempts = 1000) -> decltype(read(GenerationId{})) {
  auto before = generation(channel);
  for (int attempt = 0; before && attempt < attempts; ++attempt) {
    auto result = read(*before);
    if (!result)
      return result;
    auto after = plain_generation(channel);
    if (after && *after == *before)
      return result;
    before = after ? generation(channel) : std::move(after);
  }
  if (!before)
    return fail(std::move(before.error()));
  return fail("cannot read nf_tables while others keep changing them", EAGAIN);
}

} // namespace nwgate::netlink
