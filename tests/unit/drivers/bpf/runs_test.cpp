// SPDX-License-Identifier: LGPL-2.1-or-later
/// Which rules become one step, and the sets that they become.
#include "drivers/bpf/runs.h"

#include "tests/unit/drivers/bpf/support.h"

#include <gmock/gmock.h>

namespace nwgate::bpf {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr LookupSizes large = {100, 100};
constexpr LookupSizes small = {2, 2};

class Runs : public ::testing::Test {
protected:
  std::vector<Step> steps(const std::string &rules, const LookupSizes &lookup_from = large,
                          const Place &place = {IpVersion::v4, Layer::ipv4}) {
    const char *layer = place.layer == Layer::ipv4 ? "ipv4" : place.layer == Layer::ipv6 ? "ipv6" : "ethernet";
    program_ = testing::program_of(std::string("chain ") + layer + " out \"root\" 0 end return\n" + rules);
    return steps_of(rules_at(program_.program.chains.at(0), place), lookup_from);
  }

private:
  ClosedProgram program_;
};

TEST(Intervals, are_sorted_and_joined) {
  EXPECT_THAT(merged(std::vector<Interval>{{5, 7}, {1, 2}, {8, 9}, {3, 3}, {20, 10}, {6, 6}}),
              ElementsAre(Interval{1, 3}, Interval{5, 9}));
  EXPECT_THAT(merged(std::vector<Interval>{{7, 0xffffffff}, {0, 3}, {9, 9}}),
              ElementsAre(Interval{0, 3}, Interval{7, 0xffffffff}));
  EXPECT_THAT(merged(std::vector<Interval>{}), IsEmpty());
}

TEST(Prefixes, those_in_others_go) {
  const auto prefix = [](const char *address, unsigned length) {
    return prefix_of(*Ipv4Address::parse(address), length);
  };
  EXPECT_THAT(merged(std::vector{prefix("10.1.0.0", 16), prefix("10.0.0.1", 32), prefix("10.0.0.255", 24),
                                 prefix("10.0.0.0", 24), prefix("10.1.255.0", 24)}),
              ElementsAre(prefix("10.0.0.0", 24), prefix("10.1.0.0", 16)));
  EXPECT_THAT(merged(std::vector{prefix("10.0.0.1", 32), prefix("1.2.3.4", 0)}), ElementsAre(prefix("0.0.0.0", 0)));
}

TEST_F(Runs, ports_become_intervals) {
  const auto found = steps("  ip.protocol 6, th.dport 80, accept\n"
                           "  ip.protocol 6, th.dport 443, accept\n"
                           "  ip.protocol 6, th.dport 81-90, accept\n"
                           "  ip.protocol 17, th.dport 53, accept\n");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].varying, 1U);
  EXPECT_THAT(found[0].intervals, ElementsAre(Interval{80, 90}, Interval{443, 443}));
  EXPECT_EQ(found[1].varying, std::nullopt);
}

TEST_F(Runs, addresses_become_intervals_or_prefixes) {
  const std::string rules = "  ip.saddr 10.0.0.0/24, drop\n"
                            "  ip.saddr 10.0.1.0/24, drop\n"
                            "  ip.saddr 10.0.9.9, drop\n";
  EXPECT_THAT(steps(rules).at(0).intervals,
              ElementsAre(Interval{0x0a000000, 0x0a0001ff}, Interval{0x0a000909, 0x0a000909}));
  EXPECT_EQ(steps(rules, small).at(0).prefixes.size(), 3U);
  EXPECT_EQ(steps(rules + "  ip.saddr 10.0.9.9-10.0.9.11, drop\n", small).at(0).intervals.size(), 2U)
      << "a range is no prefix";
}

TEST_F(Runs, short_lists_of_ipv6_stay_rules) {
  const std::string rules = "  ip6.saddr fd00::/64, drop\n  ip6.saddr fd01::1, drop\n";
  EXPECT_EQ(steps(rules, large, {IpVersion::v6, Layer::ipv6}).size(), 2U);
  EXPECT_EQ(steps(rules, small, {IpVersion::v6, Layer::ipv6}).at(0).prefixes.size(), 2U);
}

TEST_F(Runs, other_rules_stay_apart) {
  EXPECT_EQ(steps("  th.dport 1, accept\n  th.dport 2, drop\n").size(), 2U) << "verdict";
  EXPECT_EQ(steps("  th.dport 1, accept\n  th.sport 2, accept\n").size(), 2U) << "field";
  EXPECT_EQ(steps("  not th.dport 1, accept\n  not th.dport 2, accept\n").size(), 2U) << "negated";
  EXPECT_EQ(steps("  th.sport 1, th.dport 1, accept\n  th.sport 2, th.dport 2, accept\n").size(), 2U) << "two values";
  EXPECT_EQ(steps("  th.dport 1, accept\n  ip.dscp 3, drop\n  th.dport 2, accept\n").size(), 3U) << "one between";
  EXPECT_EQ(steps("  ip.protocol 1, accept\n  ip.protocol 2, accept\n").size(), 2U) << "of no list";
}

TEST_F(Runs, rules_of_the_other_version_do_not_part) {
  const std::string rules = "  ether.type 0x0800, ip.saddr 10.0.0.1, drop\n"
                            "  ether.type 0x86dd, ip6.saddr fd00::1, drop\n"
                            "  ether.type 0x0800, ip.saddr 10.0.0.3, drop\n"
                            "  not ether.type 0x0806, ip.saddr 10.0.0.5, drop\n";
  EXPECT_EQ(steps(rules, large, {IpVersion::v4, Layer::ethernet}).at(0).intervals.size(), 3U);
  EXPECT_EQ(steps(rules, large, {IpVersion::v6, Layer::ethernet}).size(), 1U);
}

TEST_F(Runs, equal_rules_become_one) {
  EXPECT_EQ(steps("  th.dport 1, accept\n  th.dport 1, accept\n  th.dport 1, drop\n").size(), 2U);
}

} // namespace
} // namespace nwgate::bpf
