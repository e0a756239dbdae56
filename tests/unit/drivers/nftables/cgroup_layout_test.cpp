// SPDX-License-Identifier: LGPL-2.1-or-later
/// What cgroups share, and what a change of one costs.
#include "drivers/nftables/cgroup_layout.h"

#include "drivers/nftables/cgroup_counters.h"
#include "tests/unit/drivers/nftables/fake_kernel.h"

#include <algorithm>
#include <gtest/gtest.h>

namespace nwgate::nftables {
namespace {

using netlink::Counts;
using netlink::Family;
using testing::Sharing;
using Kind = Operation::Kind;
using Names = std::set<std::string>;

constexpr std::size_t most_copies = 2;

class CgroupLayoutTest : public ::testing::Test {
protected:
  testing::FakeKernel kernel_;
  DesiredCgroups desired_;

  static PlacedCgroup placed(Sharing &sharing, std::uint64_t id, const testing::Parameters &parameters,
                             const CgroupPlace &place = {false, 2}) {
    auto program = sharing.bind("/c" + std::to_string(id), parameters);
    program.attachment = Attachment::cgroup;
    program.program = cgroups_program(program, place);
    return {program, id};
  }

  Plan plan() {
    Desired desired;
    desired.cgroups = desired_;
    PlanContext context;
    Diagnostics diagnostics;
    std::set<std::string> at_fault;
    auto plan = make_plan(desired, kernel_.state, context, testing::NoSets(), diagnostics, at_fault);
    EXPECT_TRUE(diagnostics.ok());
    return plan ? *plan : Plan();
  }
  void commit() { kernel_.commit(plan()); }

  /// Counts of the element of a cgroup in a map.
  void count(const std::string &map, std::uint64_t id, const Counts &counts) {
    auto &listing = kernel_.state.tables[Family::inet].sets.at(map).listing;
    listing.counts.resize(listing.verdicts.size());
    for (std::size_t i = 0; i < listing.verdicts.size(); ++i)
      if (listing.verdicts[i].key == cgroup_key_bytes({}, id))
        listing.counts[i] = counts;
  }
  static Counts counts_added(const Plan &plan, const std::string &map) {
    const auto found = std::ranges::find_if(plan.operations, [&](const Operation &operation) {
      return operation.kind == Kind::add_verdict && operation.name == map;
    });
    return found == plan.operations.end() ? Counts{} : found->counts;
  }
  /// Of what the programs' cgroups send.
  [[nodiscard]] Names program_chains() const {
    auto chains = kernel_.chains(Family::inet);
    std::erase_if(chains, [](const std::string &name) { return !name.starts_with("f/") || !name.ends_with("/out"); });
    return chains;
  }
};

const std::string by_address = testing::rule("<ip dstipaddr='$IP'/>");

TEST_F(CgroupLayoutTest, cgroups_with_the_same_values_share_their_rules) {
  Sharing sharing(by_address, most_copies);
  desired_.cgroups = {placed(sharing, 1, {{"IP", "10.0.0.1"}}), placed(sharing, 2, {{"IP", "10.0.0.1"}})};
  commit();
  EXPECT_EQ(program_chains().size(), 1U);
  desired_.cgroups[1] = placed(sharing, 2, {{"IP", "10.0.0.2"}});
  commit();
  EXPECT_EQ(program_chains().size(), 2U);
  EXPECT_TRUE(plan().operations.empty());
}

TEST_F(CgroupLayoutTest, a_short_list_is_written_out_and_a_long_one_looked_up_without_the_cgroup) {
  Sharing sharing(by_address, most_copies);
  desired_.cgroups = {placed(sharing, 1, {{"IP", "10.0.0.1"}, {"IP", "10.0.0.2"}})};
  commit();
  const auto chain = *program_chains().begin();
  EXPECT_EQ(kernel_.state.tables[Family::inet].chains[chain].rules.size(), 2U);
  desired_.cgroups = {placed(sharing, 1, {{"IP", "10.0.0.1"}, {"IP", "10.0.0.2"}, {"IP", "10.0.0.3"}})};
  commit();
  const auto other = *program_chains().begin();
  EXPECT_EQ(program_chains().size(), 1U) << "the one before is gone";
  EXPECT_EQ(kernel_.state.tables[Family::inet].chains[other].rules.size(), 1U);
  const auto set = other.substr(0, other.rfind('/')) + "/IP.ipv4";
  EXPECT_EQ(kernel_.elements(Family::inet, set), (std::vector<std::string>{"0a000001", "0a000002", "0a000003"}));
  desired_.cgroups.clear();
  commit();
  EXPECT_EQ(kernel_.state.find(Family::inet), nullptr);
}

TEST_F(CgroupLayoutTest, a_number_alone_is_as_long_as_its_field) {
  Sharing sharing(testing::rule("<ip protocol='tcp' dstportstart='$P'/>"));
  desired_.cgroups = {placed(sharing, 1, {{"P", "80"}, {"P", "443"}})};
  commit();
  const auto chain = *program_chains().begin();
  EXPECT_EQ(kernel_.elements(Family::inet, chain.substr(0, chain.rfind('/')) + "/P.u16"),
            (std::vector<std::string>{"0050", "01bb"}));
}

TEST_F(CgroupLayoutTest, a_plan_for_one_cgroup_leaves_the_others_alone) {
  Sharing sharing(by_address, most_copies);
  Sharing stateful(testing::rule("<tcp dstportstart='$P'/>"), most_copies);
  desired_.cgroups = {placed(sharing, 1, {{"IP", "10.0.0.1"}}), placed(stateful, 2, {{"P", "80"}}, {false, 3}),
                      placed(sharing, 3, {{"IP", "10.0.0.3"}}, {true, 0}),
                      placed(sharing, 4, {{"IP", "10.0.0.4"}, {"IP", "10.0.0.5"}, {"IP", "10.0.0.6"}})};
  const auto all = desired_.cgroups;
  commit();
  const auto before = kernel_.chains(Family::inet);

  desired_ = {{placed(sharing, 1, {{"IP", "10.0.0.9"}})}, {}, true, {}};
  commit();
  EXPECT_EQ(kernel_.chains(Family::inet).size(), before.size()) << "one chain for another";
  desired_ = {{desired_.cgroups.front(), all[1], all[2], all[3]}, {}, false, {}};
  EXPECT_TRUE(plan().operations.empty()) << "as if all had been planned";

  desired_ = {{}, {}, true, {{{false, 3}, 2}, {{false, 2}, 4}}};
  commit();
  desired_ = {{all[2]}, {}, true, {{{false, 2}, 1}}};
  commit();
  desired_ = {{all[2]}, {}, false, {}};
  EXPECT_TRUE(plan().operations.empty());
  desired_ = {{}, {}, true, {{{true, 0}, 3}}};
  commit();
  EXPECT_EQ(kernel_.state.find(Family::inet), nullptr) << "with the last cgroup goes the table";
}

TEST_F(CgroupLayoutTest, a_cgroup_that_gets_another_program_goes_on_counting) {
  Sharing ethernet(by_address, most_copies);
  Sharing ip(testing::rule("<tcp dstportstart='80'/>") + testing::rule("<tcp-ipv6 dstportstart='80'/>"), most_copies);
  desired_.cgroups = {placed(ethernet, 1, {{"IP", "10.0.0.1"}}), placed(ethernet, 2, {{"IP", "10.0.0.1"}})};
  commit();
  count("out-cgroups", 1, {7, 700});
  count("out-cgroups", 2, {1, 100});
  desired_.cgroups[0] = placed(ethernet, 1, {{"IP", "10.0.0.2"}});
  EXPECT_EQ(counts_added(plan(), "out-cgroups"), (Counts{7, 700}));

  desired_.cgroups[0] = placed(ip, 1, {});
  const auto to_ip = plan();
  EXPECT_EQ(counts_added(to_ip, "out-ipv4-cgroups"), (Counts{7, 700}));
  EXPECT_EQ(counts_added(to_ip, "out-ipv6-cgroups"), Counts{});
  kernel_.commit(to_ip);
  count("out-ipv4-cgroups", 1, {8, 800});
  count("out-ipv6-cgroups", 1, {2, 200});
  desired_.cgroups[0] = placed(ethernet, 1, {{"IP", "10.0.0.2"}});
  EXPECT_EQ(counts_added(plan(), "out-cgroups"), (Counts{10, 1000}));
}

TEST_F(CgroupLayoutTest, a_cgroup_that_comes_from_elsewhere_goes_on_counting) {
  Sharing ethernet(by_address, most_copies);
  Sharing ip(testing::rule("<tcp dstportstart='80'/>") + testing::rule("<tcp-ipv6 dstportstart='80'/>"), most_copies);
  const auto dropped = [](const Plan &plan, const std::string &set) {
    const auto found = std::ranges::find_if(plan.operations, [&](const Operation &operation) {
      return operation.kind == Kind::add_elements && operation.name == set;
    });
    return found == plan.operations.end() ? std::vector<Counts>() : found->element_counts;
  };
  const auto with_counts = [&](Sharing &sharing, std::uint64_t id) {
    auto cgroup = placed(sharing, id, {{"IP", "10.0.0.1"}});
    cgroup.counted_out = {{7, 700}, {3, 300}};
    return cgroup;
  };
  desired_.cgroups = {placed(ethernet, 1, {{"IP", "10.0.0.1"}}), with_counts(ethernet, 2)};
  auto both = plan();
  std::map<std::vector<std::uint8_t>, Counts> added;
  for (const auto &operation : both.operations)
    if (operation.kind == Kind::add_verdict && operation.name == "out-cgroups")
      added[operation.verdict.key] = operation.counts;
  EXPECT_EQ(added.at(cgroup_key_bytes({}, 1)), Counts{});
  EXPECT_EQ(added.at(cgroup_key_bytes({}, 2)), (Counts{10, 1000})) << "what was dropped came there, too";
  EXPECT_EQ(dropped(both, "out-dropped-cgroups"), (std::vector<Counts>{{}, {3, 300}}));
  EXPECT_EQ(counts_added(both, "in-cgroups"), Counts{});

  desired_.cgroups = {with_counts(ip, 2)};
  EXPECT_EQ(counts_added(plan(), "out-ipv4-cgroups"), (Counts{10, 1000}));
  EXPECT_EQ(counts_added(plan(), "out-ipv6-cgroups"), Counts{}) << "it is there once";

  kernel_.commit(both);
  count("out-cgroups", 2, {20, 2000});
  desired_.cgroups = {with_counts(ip, 2)};
  EXPECT_EQ(counts_added(plan(), "out-ipv4-cgroups"), (Counts{20, 2000})) << "it has been here before";
}

TEST(PlaceInName, is_that_of_the_program) {
  EXPECT_EQ(place_in_name("f/level-12"), (CgroupPlace{false, 12}));
  EXPECT_EQ(place_in_name("f/level-3/0123456789abcdef"), (CgroupPlace{false, 3}));
  EXPECT_EQ(place_in_name("level-3/classid/0123456789abcdef"), (CgroupPlace{true, 0})) << "a filter is called so";
  EXPECT_EQ(place_in_name("f"), std::nullopt);
}

} // namespace
} // namespace nwgate::nftables
