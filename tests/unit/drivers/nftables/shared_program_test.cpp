// SPDX-License-Identifier: LGPL-2.1-or-later
/// Which ports share a program, and what is told of values that are wrong.
#include "drivers/nftables/shared_program.h"

#include "tests/unit/drivers/nftables/support.h"

#include <gtest/gtest.h>

namespace nwgate::nftables {
namespace {

using testing::Parameters;
using testing::rule;
using testing::Sharing;

const std::string by_address = rule("<udp srcipaddr='$IP'/>");
/// A rule that stands once for each tuple that must not match.
const std::string by_other_address = rule("<udp match='no' srcipaddr='$IP'/>");
const Parameters one = {{"IP", "10.0.0.1"}};
const Parameters another = {{"IP", "10.0.0.2"}};
const Parameters two = {{"IP", "10.0.0.1"}, {"IP", "10.0.0.2"}};

std::size_t rules_in(const PortProgram &port) {
  std::size_t rules = 0;
  for (const auto &chain : port.program->program.chains)
    if (chain.direction == Direction::out)
      rules += chain.rules.size();
  return rules;
}

TEST(ProgramSharing, PortsOfDifferentValuesHaveOneProgram) {
  Sharing sharing(by_address);
  const auto v0 = sharing.bind("v0", one);
  const auto v1 = sharing.bind("v1", two);
  EXPECT_EQ(v0.program, v1.program);
  EXPECT_EQ(v0.program->name, "f");
  EXPECT_EQ(v0.port, "v0");
  ASSERT_EQ(v0.values.size(), 1U);
  EXPECT_EQ(v0.values[0].size(), 1U);
  EXPECT_EQ(v1.values[0].size(), 2U);
}

TEST(ProgramSharing, ANegatedVariableOfOneValueIsShared) {
  Sharing sharing(by_other_address);
  const auto v0 = sharing.bind("v0", one);
  const auto v1 = sharing.bind("v1", another);
  EXPECT_EQ(v0.program, v1.program);
  EXPECT_EQ(v0.program->name, "f");
  EXPECT_TRUE(v0.program->lookups.chains.at(0).at(0).lookups.at(0).negated);
}

TEST(ProgramSharing, ANegatedVariableOfSeveralValuesIsWrittenOut) {
  Sharing sharing(by_other_address);
  const auto v0 = sharing.bind("v0", two);
  const auto v1 = sharing.bind("v1", {{"IP", "10.0.0.2"}, {"IP", "10.0.0.1"}, {"IP", "10.0.0.3"}});
  const auto v2 = sharing.bind("v2", two);
  EXPECT_TRUE(v0.program->name.starts_with("f/v")) << v0.program->name;
  EXPECT_EQ(v0.program->name.size(), 3U + 16);
  EXPECT_NE(v0.program, v1.program);
  EXPECT_EQ(v0.program, v2.program) << "equal values, one variant";
  EXPECT_EQ(rules_in(v0), 2U) << "not one or not the other";
  EXPECT_EQ(rules_in(v1), 3U);
  EXPECT_TRUE(v0.values.empty());
  EXPECT_EQ(sharing.bind("v3", one).program->name, "f");
}

TEST(ProgramSharing, ANegatedVariableOfRepeatedValuesHasOne) {
  Sharing sharing(by_other_address);
  EXPECT_EQ(sharing.bind("v0", {{"IP", "10.0.0.1"}, {"IP", "10.0.0.1"}}).program->name, "f");
}

/// "Not in 10/8, or not in 10.0.0/24" is "not in 10.0.0/24", not "not in both together".
TEST(ProgramSharing, NegatedIntervalsThatOverlapAreWrittenOut) {
  Sharing sharing(rule("<udp match='no' srcipaddr='$A' srcipmask='$M'/>"));
  EXPECT_EQ(sharing.bind("v0", {{"A", "10.0.0.0"}, {"M", "8"}}).program->name, "f");
  EXPECT_NE(sharing.bind("v0", {{"A", "10.0.0.0"}, {"M", "8"}, {"A", "10.0.0.0"}, {"M", "24"}}).program->name, "f");
  Sharing ranges(rule("<udp match='no' dstportstart='$A' dstportend='$B'/>"));
  EXPECT_NE(ranges.bind("v0", {{"A", "10"}, {"B", "20"}, {"A", "15"}, {"B", "30"}}).program->name, "f");
}

TEST(ProgramSharing, OtherRulesOfAVariantStayLookups) {
  Sharing sharing(by_other_address + by_address + rule("<icmp type='$T'/>"));
  const auto v0 = sharing.bind("v0", {{"IP", "10.0.0.1"}, {"T", "8"}});
  EXPECT_NE(v0.program->name, "f");
  EXPECT_EQ(rules_in(v0), 3U);
  EXPECT_EQ(v0.values.size(), 1U) << "one set for both rules";
  const auto v1 = sharing.bind("v1", {{"IP", "10.0.0.2"}, {"T", "8"}});
  EXPECT_EQ(v0.program, v1.program) << "what differs is a lookup in both";
  const auto v2 = sharing.bind("v2", {{"IP", "10.0.0.1"}, {"T", "0"}});
  EXPECT_NE(v0.program, v2.program);
}

TEST(ProgramSharing, LimitsOfConnectionsMakeAProgramOfThePort) {
  Sharing sharing(rule("<tcp connlimit-above='1'/>"));
  const auto v0 = sharing.bind("v0");
  const auto v1 = sharing.bind("v1");
  EXPECT_NE(v0.program->name, v1.program->name);
  EXPECT_EQ(v0.program->name, sharing.bind("v0").program->name);
}

TEST(ProgramSharing, NamesOfVariantsAreTheSameInEachRun) {
  EXPECT_EQ(Sharing(by_other_address).bind("v0", two).program->name,
            Sharing(by_other_address).bind("v9", two).program->name);
  EXPECT_NE(Sharing(by_other_address).bind("v0", two).program->name,
            Sharing(by_other_address + by_address).bind("v0", {{"IP", "10.0.0.1"}, {"IP", "10.0.0.3"}}).program->name);
}

/// What close() says of the same filter and binding.
std::string close_says(const std::string &body, const Parameters &parameters, const ResolveLimits &limits = {}) {
  FilterMap filters;
  filters.add(test::filter_named("f", body));
  Diagnostics diagnostics;
  EXPECT_FALSE(test::compile(test::bound("f", parameters), filters, diagnostics, limits));
  return test::text_of(diagnostics);
}

TEST(ProgramSharing, ErrorsAreThoseOfClose) {
  struct Case {
    std::string body;
    Parameters parameters;
  };
  const std::vector<Case> cases = {
      {by_address, {}},                                                   // no value
      {by_address, {{"IP", "x"}, {"IP", "10.0.0.1"}, {"IP", "fd00::1"}}}, // wrong values
      {by_other_address, {{"IP", "x"}}},                                  //
      {rule("<icmp type='$T'/>"), {{"T", "256"}}},                        // of a rule that is written out
      {rule("<udp srcipaddr='$A' dstportstart='$B'/>"), {{"A", "10.0.0.1"}, {"A", "10.0.0.2"}, {"B", "1"}}},
      {rule("<udp srcipaddr='$A[3]'/>"), {{"A", "10.0.0.1"}}},
      {by_address + rule("<udp dstportstart='$P' dstipaddr='$Q'/>"), {{"IP", "y"}, {"P", "99999"}}},
  };
  for (const auto &[body, parameters] : cases) {
    Diagnostics diagnostics;
    EXPECT_FALSE(Sharing(body).bind("v0", parameters, diagnostics)) << body;
    EXPECT_EQ(test::text_of(diagnostics), close_says(body, parameters));
    EXPECT_FALSE(diagnostics.ok());
  }
}

TEST(ProgramSharing, StopsAtTheLimitOfElements) {
  Parameters many;
  for (int i = 0; i < 20; ++i)
    many.emplace_back("IP", "10.0.0." + std::to_string(i));
  ResolveLimits limits;
  limits.rules = 20;
  Diagnostics diagnostics;
  EXPECT_TRUE(Sharing(by_address).bind("v0", many, diagnostics, limits));
  limits.rules = 19;
  EXPECT_FALSE(Sharing(by_address).bind("v0", many, diagnostics, limits));
  EXPECT_EQ(diagnostics.sorted().at(0).id, "NWG304");
  Diagnostics of_rules;
  EXPECT_FALSE(Sharing(by_other_address).bind("v0", many, of_rules, limits));
  EXPECT_EQ(of_rules.sorted().at(0).id, "NWG304");
}

} // namespace
} // namespace nwgate::nftables
