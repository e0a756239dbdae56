// SPDX-License-Identifier: LGPL-2.1-or-later
/// The smallest change that turns one list of rules into another.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

namespace nwgate::xtables {

/// A step of the change, in the order of the new list.
struct DiffStep {
  enum class Kind { keep, insert, remove };
  Kind kind{};
  /// Index in the old list for keep and remove, in the new one for insert; `other` is the new index of a kept one.
  std::size_t index = 0;
  std::size_t other = 0;
};

/// Keeps a longest common subsequence where the part that differs is small, and the common front and end otherwise.
/// An inserted element stands before the kept one that follows it.
std::vector<DiffStep> diff_lists(std::size_t old_size, std::size_t new_size,
                                 const std::function<bool(std::size_t, std::size_t)> &equal);

} // namespace nwgate::xtables
