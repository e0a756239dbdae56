// SPDX-License-Identifier: LGPL-2.1-or-later
/// Dumps while others commit.
#include "tests/kernel/netlink/support.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <thread>

namespace nwgate::netlink::testing {
namespace {

constexpr int rule_count = 5000;

class InterruptionTest : public KernelTest {
protected:
  using Clock = std::chrono::steady_clock;

  /// A chain of rules that all say "0".
  void make_first_state(int count = rule_count) {
    Transaction transaction;
    transaction.add_table(table_, 0);
    transaction.add_chain(chain_, 0);
    fill(transaction, "0", count);
    must_commit(transaction);
  }
  void fill(Transaction &transaction, const std::string &label, int rules = rule_count) const {
    NftRule rule = make_rule(chain_, label);
    for (int count = 0; count < rules; ++count)
      transaction.add_rule(*rule, Position::append(), 0);
  }
  /// Leaves the reader as much time as a batch that began at `start` took, on a slow machine too.
  static void rest(Clock::time_point start, Clock::duration least) {
    std::this_thread::sleep_for(std::max(Clock::now() - start, least));
  }
  /// Replaces all rules, so that all of them say the same new number, again and again.
  void write_until(const std::atomic<bool> &stop) {
    Socket other = open_socket();
    for (int round = 1; !stop; ++round) {
      const auto start = Clock::now();
      Transaction transaction;
      transaction.flush_chain(chain_, 0);
      fill(transaction, std::to_string(round));
      auto done = transaction.commit(other);
      ASSERT_TRUE(done && done->outcome == Commit::Outcome::committed);
      commits_ = round;
      rest(start, std::chrono::milliseconds(50));
    }
  }
  /// Whether to go on reading: for two seconds, or longer on a busy machine until there was `enough` to see.
  bool go_on(bool enough) const {
    const auto elapsed = Clock::now() - start_;
    return elapsed < std::chrono::seconds(2) || (!enough && elapsed < std::chrono::minutes(1));
  }

  const Clock::time_point start_ = Clock::now();
  std::atomic<int> commits_ = 0;
};

TEST_F(InterruptionTest, every_dump_shows_one_state) {
  make_first_state();
  std::atomic<bool> stop = false;
  std::thread writer([&] { write_until(stop); });
  int different = 0;
  std::string last;
  int dumps = 0;
  for (; go_on(different > 2); ++dumps) {
    const auto found = labels();
    const bool whole =
        found.size() == rule_count && std::ranges::all_of(found, [&](const auto &label) { return label == found[0]; });
    EXPECT_TRUE(whole) << "dump " << dumps << ": " << found.size() << " rules";
    if (!whole)
      break;
    different += found.front() != last ? 1 : 0;
    last = found.front();
  }
  stop = true;
  writer.join();
  RecordProperty("dumps", dumps);
  RecordProperty("commits", commits_);
  EXPECT_GT(different, 2) << dumps << " dumps, " << commits_ << " commits";
}

// A refused batch changes no generation, but while it lasts its rules are in the kernel's lists.
TEST_F(InterruptionTest, refused_batches_do_not_disturb_a_dump) {
  make_first_state();
  std::atomic<bool> stop = false;
  std::atomic<int> refused = 0;
  std::thread writer([&] {
    Socket other = open_socket();
    NftRule rule = make_rule(chain_, "never");
    Transaction transaction;
    for (int count = 0; count < 2000; ++count)
      transaction.add_rule(*rule, Position::top(), 0);
    transaction.add_rule(*make_jump(chain_, "nowhere"), Position::append(), 1);
    while (!stop) {
      const auto start = Clock::now();
      auto done = transaction.commit(other);
      ASSERT_TRUE(done && done->outcome == Commit::Outcome::refused);
      ++refused;
      rest(start, std::chrono::milliseconds(10));
    }
  });
  int dumps = 0;
  for (; go_on(refused > 5 && dumps > 2); ++dumps) {
    auto found = rules(socket(), chain_);
    EXPECT_TRUE(found) << found.error().message();
    if (!found || found->size() != rule_count) {
      ADD_FAILURE() << "dump " << dumps << ": " << (found ? found->size() : 0);
      break;
    }
  }
  stop = true;
  writer.join();
  RecordProperty("dumps", dumps);
  RecordProperty("refused", refused);
  EXPECT_GT(refused, 5);
}

TEST_F(InterruptionTest, a_small_chain_is_read_whole_while_another_program_writes_without_a_pause) {
  make_first_state(10);
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    Socket other = open_socket();
    for (int round = 1; !stop; ++round) {
      Transaction transaction;
      transaction.flush_chain(chain_, 0);
      fill(transaction, std::to_string(round), 10);
      auto done = transaction.commit(other);
      ASSERT_TRUE(done && done->outcome == Commit::Outcome::committed);
    }
  });
  int dumps = 0;
  for (; go_on(dumps > 100); ++dumps) {
    const auto found = labels();
    if (found.size() != 10 || found.front() != found.back()) {
      ADD_FAILURE() << "dump " << dumps << ": " << found.size();
      break;
    }
  }
  stop = true;
  writer.join();
  RecordProperty("dumps", dumps);
  EXPECT_GT(dumps, 100);
}

} // namespace
} // namespace nwgate::netlink::testing
