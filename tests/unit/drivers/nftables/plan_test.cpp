// SPDX-License-Identifier: LGPL-2.1-or-later
/// What a change costs, and that it leads to what is desired.
#include "drivers/nftables/plan.h"

#include "tests/unit/drivers/nftables/fake_kernel.h"

#include <algorithm>
#include <gtest/gtest.h>

namespace nwgate::nftables {
namespace {

using netlink::Family;
using testing::FakeHost;
using testing::in_words;
using testing::rule;
using Words = std::vector<std::string>;

const std::string by_address = rule("<udp srcipaddr='$IP'/>") + rule("<mac srcmacaddr='$MAC'/>");
const std::string by_other_address = rule("<udp match='no' srcipaddr='$IP'/>");

class PlanTest : public ::testing::Test {
protected:
  FakeHost host_;

  PlanTest() {
    host_.define("f", by_address);
    host_.define("g", rule("<tcp srcipaddr='$IP'/>"));
    host_.define("n", by_other_address);
  }

  void commit_bind(const std::string &port, const std::string &filter, const std::string &address) {
    host_.bind(port, filter, {{"IP", address}});
    host_.kernel.commit(host_.plan_for({port}));
  }
  /// Nothing is left to do, however one looks at it.
  void expect_settled() { EXPECT_EQ(in_words(host_.plan_for_all()), Words{}); }
  static std::size_t count(const Plan &plan, Operation::Kind kind) {
    return static_cast<std::size_t>(std::ranges::count(plan.operations, kind, &Operation::kind));
  }
};

TEST_F(PlanTest, WhatIsThereIsLeftAlone) {
  commit_bind("v0", "f", "10.0.0.1");
  expect_settled();
  EXPECT_EQ(in_words(host_.plan_for({"v0"})), Words{});
}

TEST_F(PlanTest, AnotherPortOfAProgramIsElementsAlone) {
  commit_bind("v0", "f", "10.0.0.1");
  host_.bind("v1", "f", {{"IP", "10.0.0.2"}, {"IP", "10.0.0.3"}});
  const auto plan = host_.plan_for({"v1"});
  EXPECT_EQ(count(plan, Operation::Kind::add_elements), plan.operations.size());
  EXPECT_TRUE(std::ranges::any_of(in_words(plan), [](const auto &line) { return line == "add_elements f/IP.ipv4 2"; }));
  EXPECT_EQ(in_words(host_.plan_for_new({"v1"})), in_words(plan)) << "whether or not elements were read";
  host_.kernel.commit(plan);
  expect_settled();
}

/// The IP layers of the port that stays lost their rules.
TEST_F(PlanTest, APortThatLeavesTakesElementsAloneAlsoWhereTheBridgeTracksConnections) {
  host_.attach(Attachment::bridge_conntrack);
  commit_bind("v0", "f", "10.0.0.1");
  commit_bind("v1", "f", "10.0.0.2");
  host_.unbind("v1");
  const auto plan = host_.plan_for({}, {"v1"});
  EXPECT_EQ(count(plan, Operation::Kind::delete_elements), plan.operations.size());
  EXPECT_FALSE(plan.operations.empty());
  host_.kernel.commit(plan);
  expect_settled();
}

TEST_F(PlanTest, OneValueIsOneElementOutAndOneIn) {
  commit_bind("v0", "f", "10.0.0.1");
  commit_bind("v1", "f", "10.0.0.9");
  host_.bind("v0", "f", {{"IP", "10.0.0.2"}});
  const auto plan = host_.plan_for({"v0"});
  EXPECT_EQ(in_words(plan), (Words{"delete_elements f/IP.ipv4 1", "add_elements f/IP.ipv4 1"}));
  host_.kernel.commit(plan);
  expect_settled();
}

TEST_F(PlanTest, AnUnboundPortTakesItsElementsWithIt) {
  commit_bind("v0", "f", "10.0.0.1");
  const auto before = host_.kernel.state;
  commit_bind("v1", "f", "10.0.0.9");
  host_.unbind("v1");
  const auto plan = host_.plan_for({}, {"v1"});
  EXPECT_EQ(count(plan, Operation::Kind::delete_elements), plan.operations.size());
  host_.kernel.commit(plan);
  for (const auto &[family, table] : before.tables)
    for (const auto &[name, set] : table.sets)
      EXPECT_EQ(host_.kernel.state.find_set(family, name)->listing.elements, set.listing.elements) << name;
}

TEST_F(PlanTest, TheLastPortTakesEverythingWithIt) {
  commit_bind("v0", "f", "10.0.0.1");
  commit_bind("v1", "g", "10.0.0.1");
  host_.kernel.commit(host_.plan_for({}, {"v0"}));
  EXPECT_FALSE(host_.kernel.chains(Family::bridge).contains("f/out")) << "the last of its program";
  EXPECT_TRUE(host_.kernel.chains(Family::bridge).contains("g/out"));
  host_.kernel.commit(host_.plan_for({}, {"v1"}));
  EXPECT_TRUE(host_.kernel.state.tables.empty());
}

TEST_F(PlanTest, ARedefinedFilterWritesItsChainsOnce) {
  for (int i = 0; i < 20; ++i)
    commit_bind("v" + std::to_string(i), "f", "10.0.0." + std::to_string(i));
  host_.define("f", by_address + rule("<udp dstportstart='7'/>"));
  const auto plan = host_.plan_for_all();
  EXPECT_EQ(in_words(plan), (Words{"add_rule f/in", "add_rule f/out"})) << "the other rules stay";
  host_.kernel.commit(plan);
  expect_settled();
}

TEST_F(PlanTest, ARuleInTheMiddleKeepsTheOthers) {
  const auto first = rule("<udp dstportstart='1'/>");
  const auto second = rule("<udp dstportstart='2'/>");
  host_.define("f", first + second);
  commit_bind("v0", "f", "10.0.0.1");
  const auto before = host_.kernel.handles(Family::ip, "f/out");
  host_.define("f", first + rule("<udp dstportstart='3'/>") + second);
  host_.kernel.commit(host_.plan_for_all());
  const auto after = host_.kernel.handles(Family::ip, "f/out");
  ASSERT_EQ(after.size(), before.size() + 1);
  EXPECT_EQ(after[0], before[0]);
  EXPECT_EQ(after[2], before[1]);
  expect_settled();
}

TEST_F(PlanTest, ANewSetComesBeforeTheRuleThatLooksThere) {
  commit_bind("v0", "f", "10.0.0.1");
  host_.define("f", by_address + rule("<udp dstipaddr='$IP' dstportstart='$P'/>"));
  host_.bind("v0", "f", {{"IP", "10.0.0.1"}, {"P", "7"}});
  const auto words = in_words(host_.plan_for_all());
  const auto at = [&](const std::string &line) { return std::ranges::find(words, line) - words.begin(); };
  EXPECT_LT(at("add_set f/IP.P.ipv4.u16"), at("add_elements f/IP.P.ipv4.u16 1"));
  EXPECT_LT(at("add_elements f/IP.P.ipv4.u16 1"), at("add_rule f/out"));
}

TEST_F(PlanTest, OrphansGoAndUntouchedPortsStay) {
  commit_bind("v0", "f", "10.0.0.1");
  commit_bind("v1", "g", "10.0.0.2");
  commit_bind("v2", "n", "10.0.0.3");
  host_.unbind("v0"); // nobody said so to the kernel
  const auto g = host_.kernel.elements(Family::ip, "g/IP.ipv4");
  host_.kernel.commit(host_.plan_for_all({"v1"}));
  EXPECT_FALSE(host_.kernel.chains(Family::bridge).contains("f/out"));
  EXPECT_TRUE(host_.kernel.chains(Family::ip).contains("g/out"));
  EXPECT_TRUE(host_.kernel.chains(Family::ip).contains("n/out"));
  EXPECT_EQ(host_.kernel.elements(Family::ip, "g/IP.ipv4"), g);
  expect_settled();
}

TEST_F(PlanTest, ABindLeavesOrphansToApply) {
  commit_bind("v0", "f", "10.0.0.1");
  host_.unbind("v0");
  commit_bind("v1", "g", "10.0.0.2");
  EXPECT_TRUE(host_.kernel.chains(Family::bridge).contains("f/out"));
}

TEST_F(PlanTest, OtherValuesMayNeedAnotherProgram) {
  commit_bind("v0", "n", "10.0.0.1");
  commit_bind("v1", "n", "10.0.0.2");
  host_.bind("v1", "n", {{"IP", "10.0.0.2"}, {"IP", "10.0.0.3"}});
  host_.kernel.commit(host_.plan_for({"v1"}));
  expect_settled();
  EXPECT_EQ(ports_in(host_.kernel.state).at("v0").program, "n");
  const auto variant = ports_in(host_.kernel.state).at("v1").program;
  EXPECT_TRUE(variant.starts_with("n/v")) << variant;
  host_.bind("v1", "n", {{"IP", "10.0.0.2"}});
  host_.kernel.commit(host_.plan_for({"v1"}));
  EXPECT_FALSE(host_.kernel.chains(Family::ip).contains(variant + "/out")) << "nobody needs it";
  expect_settled();
}

TEST_F(PlanTest, ADeviceThatIsRenamedStaysKnown) {
  host_.set_device("v0", 7);
  commit_bind("v0", "f", "10.0.0.1");
  const auto known = host_.kernel.elements(Family::bridge, shared::devices);
  ASSERT_EQ(known.size(), 1U);
  EXPECT_EQ(known[0], "070000007630" + std::string(28, '0'));
  // No device has the name now, but the one that had it is still there.
  host_.set_device("v0", 8);
  host_.kernel.commit(host_.plan_for({"v0"}));
  EXPECT_EQ(host_.kernel.elements(Family::bridge, shared::devices).size(), 1U) << "nobody says that 7 lives";
}

TEST_F(PlanTest, AForeignTableIsNotTouched) {
  host_.kernel.state.tables[Family::ip].info.user_data = {};
  host_.bind("v0", "f", {{"IP", "10.0.0.1"}});
  Diagnostics diagnostics;
  std::set<std::string> at_fault;
  EXPECT_FALSE(make_plan(host_.desired({"v0"}), host_.kernel.state, {}, testing::NoSets(), diagnostics, at_fault));
  EXPECT_EQ(test::joined_ids(diagnostics), "NWG503");
  host_.define("e", rule("<mac/>"));
  host_.bind("v1", "e");
  const auto plan = host_.plan_for({"v1"});
  EXPECT_TRUE(std::ranges::none_of(plan.operations, [](const auto &o) { return o.family != Family::bridge; }));
}

/// Whatever is bound, rebound and unbound: what stands there is what one apply would have made.
TEST_F(PlanTest, ManyStepsLeadToWhatIsDesired) {
  host_.define("f", by_address);
  std::uint32_t random = 1;
  const auto below = [&random](std::uint32_t bound) {
    random = random * 1103515245U + 12345U;
    return (random >> 16U) % bound;
  };
  const std::array filters{"f", "g", "n", "h", "i", "j"};
  for (const auto *name : {"h", "i", "j"})
    host_.define(name, rule("<udp-ipv6 dstportstart='7'/>") + rule("<arp arpsrcipaddr='$IP'/>"));
  std::set<std::string> bound;
  for (int step = 0; step < 120; ++step) {
    const auto port = "v" + std::to_string(below(8));
    if (bound.contains(port) && below(3) == 0) {
      host_.unbind(port);
      host_.kernel.commit(host_.plan_for({}, {port}));
      bound.erase(port);
    } else {
      testing::Parameters values;
      for (auto n = 1 + below(3); n > 0; --n)
        values.emplace_back("IP", "10.0.0." + std::to_string(below(6)));
      host_.bind(port, filters.at(below(filters.size())), values);
      const bool is_new = bound.insert(port).second;
      host_.kernel.commit(is_new && below(2) == 0 ? host_.plan_for_new({port}) : host_.plan_for({port}));
    }
    ASSERT_EQ(in_words(host_.plan_for_all()), Words{}) << "step " << step;
  }
}

} // namespace
} // namespace nwgate::nftables
