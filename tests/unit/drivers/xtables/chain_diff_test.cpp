// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/chain_diff.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <numeric>
#include <random>
#include <string>

namespace nwgate::xtables {
namespace {

std::vector<DiffStep> diff(const std::string &from, const std::string &to) {
  return diff_lists(from.size(), to.size(), [&](std::size_t a, std::size_t b) { return from.at(a) == to.at(b); });
}

/// The steps as text: `a` is kept, `+a` inserted, `-a` removed.
std::string shown(const std::string &from, const std::string &to) {
  std::string text;
  for (const auto &step : diff(from, to)) {
    if (step.kind == DiffStep::Kind::keep)
      text += from[step.index];
    else if (step.kind == DiffStep::Kind::insert)
      text += {'+', to[step.index]};
    else
      text += {'-', from[step.index]};
  }
  return text;
}

/// What a chain holds after the steps. Fails the test when a step does not fit the chain.
std::string applied(const std::string &from, const std::string &to, const std::vector<DiffStep> &steps) {
  std::string chain;
  std::size_t next_old = 0;
  for (const auto &step : steps) {
    if (step.kind == DiffStep::Kind::insert) {
      EXPECT_EQ(step.index, chain.size()) << "in the order of the new list";
      chain += to.at(step.index);
      continue;
    }
    EXPECT_EQ(step.index, next_old++) << "in the order of the old list";
    if (step.kind == DiffStep::Kind::keep) {
      EXPECT_EQ(step.other, chain.size());
      chain += from.at(step.index);
    }
  }
  EXPECT_EQ(next_old, from.size());
  return chain;
}

std::size_t kept(const std::vector<DiffStep> &steps) {
  return static_cast<std::size_t>(std::ranges::count(steps, DiffStep::Kind::keep, &DiffStep::kind));
}

/// The textbook's table.
std::size_t longest_common_subsequence(const std::string &a, const std::string &b) {
  std::vector<std::vector<std::size_t>> length(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 1; i <= a.size(); ++i)
    for (std::size_t j = 1; j <= b.size(); ++j)
      length[i][j] = a[i - 1] == b[j - 1] ? length[i - 1][j - 1] + 1 : std::max(length[i - 1][j], length[i][j - 1]);
  return length[a.size()][b.size()];
}

TEST(ChainDiff, KeepsWhatIsEqual) {
  EXPECT_EQ(shown("", ""), "");
  EXPECT_EQ(shown("abc", "abc"), "abc");
  EXPECT_EQ(shown("", "ab"), "+a+b");
  EXPECT_EQ(shown("ab", ""), "-a-b");
}

TEST(ChainDiff, ChangesOnlyTheDifference) {
  EXPECT_EQ(shown("abc", "abxc"), "ab+xc");
  EXPECT_EQ(shown("abc", "ac"), "a-bc");
  EXPECT_EQ(shown("abc", "axc"), "a-b+xc");
  EXPECT_EQ(shown("abc", "abcd"), "abc+d");
  EXPECT_EQ(shown("abc", "dabc"), "+dabc");
  EXPECT_EQ(shown("aab", "ab"), "a-ab") << "of equal rules the first is kept";
}

TEST(ChainDiff, StepsMakeTheNewListAndKeepAsMuchAsPossible) {
  std::mt19937 engine(3);
  for (int round = 0; round < 3000; ++round) {
    const auto make = [&] {
      std::string list(engine() % 12, 'a');
      for (auto &c : list)
        c = static_cast<char>('a' + engine() % 4);
      return list;
    };
    const auto from = make();
    const auto to = make();
    const auto steps = diff(from, to);
    ASSERT_EQ(applied(from, to, steps), to) << from << " -> " << to;
    ASSERT_EQ(kept(steps), longest_common_subsequence(from, to)) << from << " -> " << to;
  }
}

TEST(ChainDiff, LargeListsStillBecomeTheNewOne) {
  // Two thousand rules that differ all over: the middle is refilled, the common ends are kept.
  std::string from(2000, 'a');
  std::string to(2000, 'b');
  from = "xy" + from + "z";
  to = "xy" + to + "z";
  const auto steps = diff(from, to);
  EXPECT_EQ(applied(from, to, steps), to);
  EXPECT_EQ(kept(steps), 3U);
}

} // namespace
} // namespace nwgate::xtables
