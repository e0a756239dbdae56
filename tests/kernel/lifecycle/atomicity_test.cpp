// SPDX-License-Identifier: LGPL-2.1-or-later
/// A change is seen whole or not at all: by readers, by packets, and after a kill.
#include "drivers/netlink/read_back.h"
#include "drivers/netlink/transaction.h"
#include "drivers/netlink/user_data.h"
#include "tests/kernel/lifecycle/frames.h"
#include "tests/kernel/lifecycle/host.h"

#include <atomic>
#include <csignal>
#include <fmt/format.h>
#include <libnftnl/rule.h>
#include <map>
#include <random>
#include <thread>

namespace nwgate::test {
namespace {

using Atomicity = Host;
using Clock = std::chrono::steady_clock;

/// Rules in all three tables. Filters of different numbers have different rules and chains, but let the same
/// frames of Traffic pass and drop the same.
std::string content(int number) {
  return fmt::format("<filterref filter='{0}'/>\n"
                     "<rule action='drop' direction='out' priority='400'><mac protocolid='0x88b6'/></rule>\n"
                     "<rule action='drop' direction='out' priority='450'><mac protocolid='0x7{1:03}'/></rule>\n"
                     "<rule action='accept' direction='out' priority='500'><udp dstportstart='7'/></rule>\n"
                     "<rule action='drop' direction='out' priority='600'><udp dstportstart='{1}'/></rule>\n"
                     "<rule action='drop' direction='out' priority='700'><udp/></rule>\n"
                     "<rule action='accept' direction='out' priority='500'><udp-ipv6 dstportstart='7'/></rule>\n"
                     "<rule action='drop' direction='out' priority='600'><udp-ipv6 dstportstart='{1}'/></rule>\n"
                     "<rule action='drop' direction='out' priority='700'><udp-ipv6/></rule>\n",
                     number % 2 == 0 ? "no-arp-mac-spoofing" : "allow-arp", number);
}

TEST_F(Atomicity, ReadersAndPacketsSeeTheOldOrTheNewRules) {
  constexpr int rebinds = 1000;
  make_bridge();
  run({"define", write("a.xml", filter_text("a", content(11))), write("b.xml", filter_text("b", content(22)))});
  const std::string documents[] = {write("v0-a.xml", binding_text("v0", "a")),
                                   write("v0-b.xml", binding_text("v0", "b"))};
  auto socket = open_socket();
  std::string states[2];
  for (const int i : {1, 0}) {
    run({"bind", documents[i]});
    states[i] = state_of_kernel(socket);
  }
  ASSERT_NE(states[0], states[1]);

  Traffic traffic;
  std::atomic<bool> reading = true;
  std::size_t seen[2] = {};
  std::map<std::string, std::size_t> others;
  std::thread reader([&] {
    auto own_socket = open_socket();
    while (reading) {
      const auto state = settled_state_of_kernel(own_socket);
      if (state == states[0] || state == states[1])
        ++seen[state == states[1] ? 1 : 0];
      else if (state)
        ++others[*state];
    }
  });
  for (int i = 1; i <= rebinds; ++i)
    EXPECT_EQ(wait_for(start({"bind", documents[i % 2]})), 0);
  reading = false;
  reader.join();
  const auto counts = traffic.stop();

  EXPECT_GT(seen[0], 100U);
  EXPECT_GT(seen[1], 100U);
  for (const auto &[state, times] : others)
    ADD_FAILURE() << times << " times neither the old nor the new rules:\n" << state;
  EXPECT_GT(counts.sent, 1000U);
  for (std::size_t kind = 0; kind < frame_kinds; ++kind) {
    EXPECT_EQ(counts.passed[kind], counts.sent) << "frames of kind " << kind << " were lost";
    EXPECT_EQ(counts.leaked[kind], 0U) << "of kind " << kind;
  }
}

TEST_F(Atomicity, AKillLeavesTheOldOrTheNewRules) {
  constexpr int kills = 200;
  run({"define", write("a.xml", filter_text("a", content(11))), write("b.xml", filter_text("b", content(22)))});
  run({"define", write("1/c.xml", filter_text("c", content(33)))});
  const auto other_c = write("2/c.xml", filter_text("c", content(44)));
  const auto bind_v2 = [this](const std::string &filter) {
    (void)write("etc/nwgate/bindings/v2.xml", binding_text("v2", filter));
  };
  run({"bind", write("v1.xml", binding_text("v1", "c"))});
  struct Step {
    std::vector<std::string> command;
    /// What v2 shall have from now on.
    std::string v2;
    std::string state;
  };
  std::vector<Step> steps = {{{"bind", write("v0-a.xml", binding_text("v0", "a"))}, "b", {}},
                             {{"define", (root_ / "1/c.xml").string()}, "b", {}},
                             {{"apply"}, "a", {}},
                             {{"bind", write("v0-b.xml", binding_text("v0", "b"))}, "a", {}},
                             {{"define", other_c}, "a", {}},
                             {{"apply"}, "b", {}}};
  auto socket = open_socket();
  for (int round = 0; round < 2; ++round) {
    for (auto &step : steps) {
      bind_v2(step.v2);
      run(step.command);
      step.state = state_of_kernel(socket);
    }
  }

  std::mt19937 random(20240607); // NOLINT: the same moments each time, as far as a machine has them
  std::map<std::string, int> times;
  Clock::duration whole = std::chrono::milliseconds(20);
  for (int i = 0; i < kills; ++i) {
    const auto &before = steps[static_cast<std::size_t>(i + 5) % 6];
    const auto &step = steps[static_cast<std::size_t>(i) % 6];
    bind_v2(step.v2);
    const auto child = start(step.command);
    std::this_thread::sleep_for(whole * std::uniform_real_distribution<>(0, 1.1)(random));
    kill(child, SIGKILL);
    const bool killed = wait_for(child) == -SIGKILL;
    const auto state = state_of_kernel(socket);
    ASSERT_TRUE(state == before.state || state == step.state) << step.command.front() << '\n' << state;
    ++times[fmt::format("{} {}", killed ? "killed," : "ended,", state == step.state ? "new" : "old")];
    if (i % 8 == 0)
      for (const auto *command : {"bindings", "list"})
        run({command});
    const auto begin = Clock::now();
    run(step.command);
    whole = Clock::now() - begin;
    ASSERT_EQ(state_of_kernel(socket), step.state);
  }
  // The moments were spread well.
  EXPECT_GT(times["killed, old"], 10);
  EXPECT_GT(times["killed, new"], 5);
  run({"diff"});
}

/// `iptables -A theirs -s 192.0.2.1`, without the cost of a process.
void add_their_rule(netlink::Socket &socket, const netlink::ChainName &chain, std::uint32_t number) {
  const netlink::NftRule rule(nftnl_rule_alloc());
  nftnl_rule_set_u32(rule.get(), NFTNL_RULE_FAMILY, static_cast<std::uint32_t>(chain.family));
  nftnl_rule_set_str(rule.get(), NFTNL_RULE_TABLE, chain.table.c_str());
  nftnl_rule_set_str(rule.get(), NFTNL_RULE_CHAIN, chain.name.c_str());
  netlink::UserData data;
  EXPECT_TRUE(data.add(0, std::to_string(number)));
  netlink::set_user_data(*rule, data.bytes());
  netlink::Transaction transaction;
  transaction.add_rule(*rule, netlink::Position::append(), 0);
  const auto done = transaction.commit(socket);
  EXPECT_TRUE(done && done->outcome == netlink::Commit::Outcome::committed);
}

TEST_F(Atomicity, AnotherWriterLosesNothing) {
  constexpr int binds = 100;
  run({"define", write("a.xml", filter_text("a", content(11))), write("b.xml", filter_text("b", content(22)))});
  shell("iptables -N theirs; iptables -A FORWARD -j theirs; nft list ruleset >/dev/null");
  const netlink::ChainName theirs{netlink::Family::ip, "filter", "theirs"};
  std::atomic<bool> writing = true;
  std::uint32_t written = 0;
  std::thread writer([&] {
    auto socket = open_socket();
    for (; writing; std::this_thread::sleep_for(std::chrono::milliseconds(2)))
      add_their_rule(socket, theirs, ++written);
  });
  for (int i = 0; i < binds; ++i)
    EXPECT_EQ(
        wait_for(start({"bind", write("v.xml", binding_text(fmt::format("v{}", i % 10), i % 3 == 0 ? "a" : "b"))})), 0);
  writing = false;
  writer.join();
  auto socket = open_socket();
  const auto rules = netlink::rules(socket, theirs);
  ASSERT_TRUE(rules);
  ASSERT_EQ(rules->size(), written);
  EXPECT_GT(written, 100U);
  std::uint32_t number = 0;
  for (const auto &rule : *rules) {
    const auto label = netlink::find_user_data(netlink::user_data_of(*rule), 0);
    ASSERT_TRUE(label);
    EXPECT_EQ(std::string(label->begin(), label->end()), std::to_string(++number));
  }
  run({"diff"});
}

TEST_F(Atomicity, ParallelBindsAllSucceed) {
  constexpr int writers = 4;
  constexpr int ports = 15;
  run({"define", write("a.xml", filter_text("a", content(11)))});
  std::vector<std::thread> threads;
  for (int i = 0; i < writers; ++i)
    threads.emplace_back([this, i] {
      for (int k = 0; k < ports; ++k) {
        const auto port = fmt::format("v{}-{}", i, k);
        EXPECT_EQ(
            wait_for(start({"bind", write(port + ".xml", binding_text(port, k % 2 == 0 ? "a" : "clean-traffic"))})), 0);
        if (k % 5 == 4) {
          EXPECT_EQ(wait_for(start({"unbind", port})), 0);
        }
      }
    });
  for (auto &thread : threads)
    thread.join();
  run({"diff"});
  auto socket = open_socket();
  for (int i = 0; i < writers; ++i)
    for (int k = 0; k < ports; ++k)
      EXPECT_EQ(is_known(socket, fmt::format("v{}-{}", i, k)), k % 5 != 4) << i << ' ' << k;
}

} // namespace
} // namespace nwgate::test
