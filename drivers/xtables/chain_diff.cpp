// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/chain_diff.h"

#include <algorithm>
#include <cstdint>

namespace nwgate::xtables {
namespace {

/// Cells of the table that finds a longest common subsequence: above it a chain is refilled in the middle.
constexpr std::size_t most_cells = 1U << 20U;

} // namespace

std::vector<DiffStep> diff_lists(std::size_t old_size, std::size_t new_size,
                                 const std::function<bool(std::size_t, std::size_t)> &equal) {
  std::size_t front = 0;
  while (front < old_size && front < new_size && equal(front, front))
    ++front;
  std::size_t back = 0;
  while (back < old_size - front && back < new_size - front && equal(old_size - 1 - back, new_size - 1 - back))
    ++back;

  std::vector<DiffStep> steps;
  const auto keep = [&](std::size_t old_index, std::size_t new_index) {
    steps.push_back({DiffStep::Kind::keep, old_index, new_index});
  };
  for (std::size_t i = 0; i < front; ++i)
    keep(i, i);

  // The middle: length[i][j] is the longest common subsequence of what follows i in the old and j in the new list.
  const auto rows = old_size - front - back;
  const auto columns = new_size - front - back;
  const bool small = rows == 0 || columns <= most_cells / rows;
  std::vector<std::uint32_t> length(small ? (rows + 1) * (columns + 1) : 0);
  const auto at = [&](std::size_t row, std::size_t column) -> std::uint32_t & {
    return length[row * (columns + 1) + column];
  };
  if (small)
    for (std::size_t row = rows; row-- > 0;)
      for (std::size_t column = columns; column-- > 0;)
        at(row, column) = equal(front + row, front + column) ? at(row + 1, column + 1) + 1
                                                             : std::max(at(row + 1, column), at(row, column + 1));
  std::size_t row = 0;
  std::size_t column = 0;
  while (row < rows || column < columns) {
    if (small && row < rows && column < columns && equal(front + row, front + column)) {
      keep(front + row++, front + column++);
    } else if (row < rows && (column == columns || !small || at(row + 1, column) >= at(row, column + 1))) {
      steps.push_back({DiffStep::Kind::remove, front + row++, 0});
    } else {
      steps.push_back({DiffStep::Kind::insert, front + column++, 0});
    }
  }

  for (std::size_t i = back; i > 0; --i)
    keep(old_size - i, new_size - i);
  return steps;
}

} // namespace nwgate::xtables
