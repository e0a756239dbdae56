// SPDX-License-Identifier: LGPL-2.1-or-later
/// Marks, ways to programs, and where a port's elements are.
#include "drivers/nftables/desired_state.h"

#include "tests/unit/drivers/nftables/fake_kernel.h"

#include <algorithm>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace nwgate::nftables {
namespace {

using netlink::Family;
using testing::FakeHost;
using testing::rule;

class DesiredStateTest : public ::testing::Test {
protected:
  FakeHost host_;

  void bind(const std::string &port, const std::string &filter) {
    host_.bind(port, filter, {{"IP", "10.0.0.1"}});
    host_.kernel.commit(host_.plan_for({port}));
  }
  std::uint32_t mark_of(const std::string &port) { return ports_in(host_.kernel.state).at(port).mark; }
};

TEST_F(DesiredStateTest, OnlyLayersThatAreUsedAreThere) {
  host_.define("e", rule("<mac srcmacaddr='$MAC'/>"));
  bind("v0", "e");
  EXPECT_EQ(host_.kernel.state.tables.size(), 1U);
  EXPECT_EQ(mark_of("v0"), 0U) << "nobody asks for one";
  EXPECT_FALSE(host_.kernel.sets(Family::bridge).contains(shared::out_marks));
  host_.define("six", rule("<udp-ipv6/>"));
  bind("v1", "six");
  EXPECT_EQ(host_.kernel.state.tables.size(), 2U);
  EXPECT_NE(mark_of("v1"), 0U);
  EXPECT_TRUE(host_.kernel.sets(Family::bridge).contains(shared::out_marks));
  EXPECT_EQ(mark_of("v0"), 0U);
}

TEST_F(DesiredStateTest, MarksAreOfTheMaskAndDiffer) {
  host_.define("f", rule("<udp/>"));
  std::set<std::uint32_t> marks;
  for (int i = 0; i < 100; ++i) {
    const auto port = fmt::format("v{}", i);
    bind(port, "f");
    const auto mark = mark_of(port);
    EXPECT_NE(mark, 0U);
    EXPECT_EQ(mark & ~host_.options.mark_mask, 0U);
    EXPECT_TRUE(marks.insert(mark).second) << port;
  }
}

TEST_F(DesiredStateTest, AMarkStaysWhileThePortIsBoundAndIsLikelyTheSameAgain) {
  host_.define("f", rule("<udp/>"));
  host_.define("g", rule("<tcp/>"));
  bind("v0", "f");
  bind("v1", "f");
  const auto mark = mark_of("v1");
  bind("v1", "g");
  EXPECT_EQ(mark_of("v1"), mark);
  host_.unbind("v1");
  host_.kernel.commit(host_.plan_for({}, {"v1"}));
  bind("v1", "f");
  EXPECT_EQ(mark_of("v1"), mark);
}

TEST_F(DesiredStateTest, MarksComeToAnEnd) {
  host_.options.mark_mask = 0x3000; // three numbers
  EXPECT_EQ(most_marks(host_.options), 3U);
  EXPECT_EQ(nftables::mark_of(3, host_.options), 0x3000U);
  host_.define("f", rule("<udp/>"));
  host_.define("e", rule("<mac/>"));
  for (const auto *port : {"v0", "v1", "v2"})
    bind(port, "f");
  host_.bind("v3", "f");
  Diagnostics diagnostics;
  std::set<std::string> at_fault;
  const PlanContext context{Scope::named_ports, true, ports_in(host_.kernel.state), {}};
  EXPECT_FALSE(
      desired_state(host_.desired({"v3"}), host_.kernel.state, context, testing::NoSets(), diagnostics, at_fault));
  EXPECT_EQ(test::joined_ids(diagnostics), "NWG501");
  bind("v4", "e"); // needs none
}

TEST_F(DesiredStateTest, TheFirstProgramsHaveARuleAndOthersAMap) {
  for (int i = 0; i < 6; ++i) {
    host_.define(fmt::format("f{}", i), rule(fmt::format("<udp dstportstart='{}'/>", i)));
    bind(fmt::format("v{}", i), fmt::format("f{}", i));
  }
  const auto sets = host_.kernel.sets(Family::bridge);
  EXPECT_TRUE(sets.contains("f3/out-ports"));
  EXPECT_FALSE(sets.contains("f4/out-ports"));
  const auto &others = host_.kernel.state.find_set(Family::bridge, shared::out_others)->listing.verdicts;
  ASSERT_EQ(others.size(), 2U);
  EXPECT_EQ(others[0].chain, "f4/out");
  EXPECT_TRUE(others[0].go_to);
  EXPECT_EQ(ports_in(host_.kernel.state).at("v5").program, "f5");
  // They keep their way as long as they are there.
  host_.unbind("v0");
  host_.kernel.commit(host_.plan_for({}, {"v0"}));
  EXPECT_FALSE(host_.kernel.sets(Family::bridge).contains("f4/out-ports"));
}

TEST_F(DesiredStateTest, ElementsOfAPort) {
  host_.define("f", rule("<udp srcipaddr='$IP'/>") + rule("<ip srcipaddr='$IP'/>"));
  host_.set_device("v0", 9);
  bind("v0", "f");
  const std::string name = "7630" + std::string(28, '0');
  const auto mark = testing::hex(number_key(mark_of("v0")));
  const auto &kernel = host_.kernel;
  using Lines = std::vector<std::string>;
  EXPECT_EQ(kernel.elements(Family::bridge, "f/out-ports"), Lines{name});
  EXPECT_EQ(kernel.elements(Family::bridge, "f/in-ports"), Lines{name});
  EXPECT_EQ(kernel.elements(Family::bridge, "f/IP.ipv4"), Lines{name + "0a000001"});
  EXPECT_EQ(kernel.elements(Family::ip, "f/IP.ipv4"), Lines{mark + "0a000001"});
  EXPECT_EQ(kernel.elements(Family::ip, "f/ports"), Lines{mark});
  EXPECT_EQ(kernel.elements(Family::bridge, shared::out_marks), Lines{name + mark});
  EXPECT_EQ(kernel.elements(Family::bridge, shared::in_marks), Lines{"08000000" + name + mark}) << "for IPv4 alone";
  EXPECT_EQ(kernel.elements(Family::bridge, shared::devices), Lines{"09000000" + name});
  EXPECT_EQ(kernel.elements(Family::bridge, shared::out_dropped), Lines{name});
  EXPECT_EQ(kernel.elements(Family::ip, shared::in_dropped), Lines{mark});
  EXPECT_FALSE(kernel.state.tables.contains(Family::ip6));
}

TEST_F(DesiredStateTest, BitsOfAMark) {
  host_.define("f", rule("<udp/>"));
  bind("v0", "f");
  std::uint32_t mark = 0;
  for (unsigned bit = 0; bit < 16; ++bit)
    if (!host_.kernel.elements(Family::bridge, shared::mark_bit(bit)).empty())
      mark |= 0x1000U << bit;
  EXPECT_EQ(mark, mark_of("v0"));
}

TEST_F(DesiredStateTest, WhatCannotBeExpressedIsReportedWithThePortsThatHaveIt) {
  host_.define("bad", rule("<all ipset='missing' ipsetflags='src'/>"));
  host_.define("good", rule("<udp/>"));
  host_.bind("v0", "bad");
  host_.bind("v1", "good");
  host_.bind("v2", "bad");
  Diagnostics diagnostics;
  std::set<std::string> at_fault;
  EXPECT_FALSE(desired_state(host_.desired({"v0", "v1", "v2"}), {}, {}, testing::NoSets(), diagnostics, at_fault));
  EXPECT_EQ(test::joined_ids(diagnostics), "NWG501:2:1");
  EXPECT_EQ(at_fault, (std::set<std::string>{"v0", "v2"}));
}

} // namespace
} // namespace nwgate::nftables
