// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/netlink/ruleset_events.h"

#include "tests/kernel/netlink/support.h"

#include <poll.h>

namespace nwgate::netlink::testing {
namespace {

class RulesetEventsTest : public KernelTest {
protected:
  void SetUp() override {
    KernelTest::SetUp();
    if (IsSkipped() || HasFailure())
      return;
    const auto is_mine = [](std::string_view chain, Bytes user_data) {
      const std::string_view text(reinterpret_cast<const char *>(user_data.data()), user_data.size());
      return chain == "mine" || text.find("of mine") != std::string_view::npos;
    };
    auto opened = RulesetEvents::open({{table_, {}}, {{Family::ip6, "shared"}, is_mine}}, socket().port());
    ASSERT_TRUE(opened) << opened.error().message();
    events_.emplace(std::move(*opened));
  }
  RulesetEvents::News take() {
    auto news = events_->take();
    EXPECT_TRUE(news);
    return news ? *news : RulesetEvents::News{};
  }
  [[nodiscard]] bool is_readable() const {
    pollfd file{events_->descriptor(), POLLIN, 0};
    return poll(&file, 1, 0) == 1;
  }

  std::optional<RulesetEvents> events_;
};

TEST_F(RulesetEventsTest, nothing_has_happened) {
  EXPECT_FALSE(is_readable());
  const auto news = take();
  EXPECT_FALSE(news.own);
  EXPECT_FALSE(news.others);
}

TEST_F(RulesetEventsTest, an_own_commit_is_told_apart) {
  make_chain_with_rules(3);
  EXPECT_TRUE(is_readable());
  const auto news = take();
  EXPECT_TRUE(news.own);
  EXPECT_FALSE(news.others);
  EXPECT_FALSE(is_readable());
}

TEST_F(RulesetEventsTest, others_are_named) {
  make_chain_with_rules(3);
  for (const std::string command :
       {"nft flush chain ip filter c", "nft flush ruleset", "nft add table ip filter",
        "nft add set ip filter s '{ type ipv4_addr; elements = { 10.0.0.1 } }'",
        "nft add element ip filter s '{ 10.0.0.2 }'", "nft add counter ip filter n", "nft delete table ip filter"}) {
    (void)take();
    shell(command);
    const auto news = take();
    EXPECT_FALSE(news.own) << command;
    ASSERT_TRUE(news.others) << command;
    EXPECT_EQ(news.others->table, table_) << command;
    EXPECT_EQ(news.others->name, "nft") << command;
    EXPECT_NE(news.others->pid, 0U) << command;
  }
}

TEST_F(RulesetEventsTest, other_tables_are_not_ours) {
  shell("nft 'add table ip other; add chain ip other c; add table inet filter; add chain inet filter c'");
  shell("nft delete table inet filter");
  const auto news = take();
  EXPECT_FALSE(news.own);
  EXPECT_FALSE(news.others);
}

TEST_F(RulesetEventsTest, of_a_shared_table_some_chains_and_rules_are_ours) {
  const TableName shared{Family::ip6, "shared"};
  const auto touches = [&](const std::string &command) {
    (void)take();
    shell("nft '" + command + "'");
    const auto news = take();
    EXPECT_TRUE(!news.others || news.others->table == shared);
    return news.others.has_value();
  };
  EXPECT_TRUE(touches("add table ip6 shared"));
  EXPECT_FALSE(touches("add chain ip6 shared c; add rule ip6 shared c accept comment \"others\""));
  EXPECT_TRUE(touches("add chain ip6 shared mine"));
  EXPECT_TRUE(touches("add rule ip6 shared mine accept"));
  EXPECT_TRUE(touches("add rule ip6 shared c drop comment \"of mine\""));
  EXPECT_FALSE(touches("add set ip6 shared s { type ipv6_addr; }; add chain ip6 shared d; delete chain ip6 shared d"));
  EXPECT_FALSE(touches("add table ip shared; add chain ip shared mine") ||
               touches("add table ip6 others; add chain ip6 others mine"));
  EXPECT_TRUE(touches("flush chain ip6 shared c")); // and the rule that is ours with it
  EXPECT_FALSE(touches("add rule ip6 shared c accept; flush chain ip6 shared c"));
  EXPECT_TRUE(touches("flush chain ip6 shared mine"));
  EXPECT_TRUE(touches("delete chain ip6 shared mine"));
  EXPECT_TRUE(touches("delete table ip6 shared"));
}

TEST_F(RulesetEventsTest, what_others_did_before_an_own_commit_is_past) {
  shell("nft add table ip filter");
  make_chain_with_rules(1);
  auto news = take();
  EXPECT_TRUE(news.own);
  EXPECT_FALSE(news.others);
  make_chain_with_rules(1);
  shell("nft delete table ip filter");
  news = take();
  EXPECT_TRUE(news.own);
  EXPECT_TRUE(news.others);
}

} // namespace
} // namespace nwgate::netlink::testing
