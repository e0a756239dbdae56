// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/plan.h"

#include "drivers/xtables/layout.h"
#include "tests/support/documents.h"
#include "tests/unit/drivers/netlink/fake_channel.h"

#include <cerrno>
#include <gtest/gtest.h>

namespace nwgate::xtables {
namespace {

class NoSets : public SetIndex {
public:
  [[nodiscard]] std::optional<std::uint16_t> index_of(const std::string & /*name*/) const override {
    return std::nullopt;
  }
  [[nodiscard]] std::optional<std::string> name_of(std::uint16_t /*index*/) const override { return std::nullopt; }
};

PortRuleset ruleset_of(const std::string &body) {
  FilterMap filters;
  filters.add(test::filter_named("f", body));
  Diagnostics diagnostics;
  const auto closed = test::compile(test::bound("f"), filters, diagnostics);
  return lay_out(closed.value(), "vnet0", {}, diagnostics).value();
}

/// A kernel that has none of our tables.
KernelView empty_kernel() {
  KernelView view;
  for (const auto family : all_families)
    view.tables[family];
  return view;
}

Desired only(const PortRuleset &ruleset) {
  Desired desired;
  desired.ports = {&ruleset};
  return desired;
}

TEST(Plan, AChainOfOthersIsReported) {
  const auto ruleset = ruleset_of("<rule action='drop' direction='out'/>");
  auto view = empty_kernel();
  view.tables[Family::bridge].chains["nwgate-I-vnet0"] = {};
  Diagnostics diagnostics;
  EXPECT_FALSE(make_plan(only(ruleset), view, NoSets(), diagnostics));
  EXPECT_EQ(test::joined_ids(diagnostics), "NWG503");
  EXPECT_EQ(diagnostics.sorted().at(0).message,
            "chain 'nwgate-I-vnet0' of port 'vnet0' is there already and is not nwgate's");
}

TEST(Plan, ARuleThatCannotBeWrittenIsReportedAtItsPlace) {
  const auto ruleset = ruleset_of("<rule action='drop' direction='in'><all ipset='missing' ipsetflags='src'/></rule>");
  Diagnostics diagnostics;
  EXPECT_FALSE(make_plan(only(ruleset), empty_kernel(), NoSets(), diagnostics));
  EXPECT_EQ(test::joined_ids(diagnostics), "NWG501:2:1");
}

TEST(Plan, ARefusalOfTheKernelIsReportedAtTheRule) {
  const auto ruleset = ruleset_of("<rule action='drop' direction='out'/>");
  Diagnostics diagnostics;
  auto plan = make_plan(only(ruleset), empty_kernel(), NoSets(), diagnostics);
  ASSERT_TRUE(plan) << test::text_of(diagnostics);
  std::size_t rule = 0;
  while (!plan->operations.at(rule).origin)
    ++rule;
  netlink::testing::FakeChannel channel;
  channel.answer(
      {netlink::testing::ack(static_cast<std::uint32_t>(rule) + 2, ENOENT, "no such match")}); // 1 begins the batch
  ASSERT_TRUE(commit(*plan, channel, diagnostics));
  EXPECT_EQ(test::joined_ids(diagnostics), "NWG502:2:1");
  EXPECT_EQ(diagnostics.sorted().at(0).message,
            "the kernel refuses this rule: No such file or directory (no such match)");
}

} // namespace
} // namespace nwgate::xtables
