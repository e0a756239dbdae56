// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/values/binding_values.h"
#include "engine/values/close.h"
#include "tests/support/documents.h"

#include <gtest/gtest.h>

namespace nwgate::test {
namespace {

Binding cgroup_with(const std::string &parameters, const std::string &filter = "top") {
  return binding("<cgroupbinding><cgroup path='/a'/><filterref filter='" + filter + "'>" + parameters +
                 "</filterref></cgroupbinding>");
}
std::string parameter(const std::string &name, const std::string &value) {
  return "<parameter name='" + name + "' value='" + value + "'/>";
}

std::string list(const BindingValues &values, const std::string &name) {
  const auto *found = values.find(name);
  if (found == nullptr)
    return "none";
  std::string text;
  for (const auto &value : *found)
    text += (text.empty() ? "" : " ") + value.text;
  return text;
}

TEST(AccessLists, BecomeListsOfEachFamily) {
  const BindingValues values(cgroup_with(parameter("ALLOW", "localhost") + parameter("ALLOW", "10.1.2.3/8") +
                                         parameter("DENY", "fd00::1") + parameter("PORT", "80")));
  EXPECT_EQ(list(values, "ALLOW_IPV4"), "127.0.0.0 10.0.0.0");
  EXPECT_EQ(list(values, "ALLOW_IPV4_PREFIX"), "8 8");
  EXPECT_EQ(list(values, "ALLOW_IPV6"), "::1");
  EXPECT_EQ(list(values, "ALLOW_IPV6_PREFIX"), "128");
  EXPECT_EQ(list(values, "DENY_IPV4"), "");
  EXPECT_EQ(list(values, "DENY_IPV4_PREFIX"), "");
  EXPECT_EQ(list(values, "DENY_IPV6"), "fd00::1");
  EXPECT_EQ(list(values, "PORT"), "80");
  EXPECT_EQ(list(values, "ALLOW"), "none");
  EXPECT_EQ(list(values, "MAC"), "none") << "a cgroup has no address";
}

TEST(AccessLists, AreOfCgroupsOnly) {
  const BindingValues values(bound("top", {{"ALLOW", "10.0.0.1"}}));
  EXPECT_EQ(list(values, "ALLOW"), "10.0.0.1");
  EXPECT_EQ(list(values, "ALLOW_IPV4"), "none");
}

const std::string access_rule =
    "<rule action='drop' direction='in'><ip srcipaddr='$DENY_IPV4' srcipmask='$DENY_IPV4_PREFIX'/></rule>";

std::size_t rules_for(const std::string &body, const std::string &parameters, Diagnostics &diagnostics) {
  FilterMap filters;
  filters.add(filter_named("top", body));
  const auto closed = compile(cgroup_with(parameters), filters, diagnostics);
  return closed ? rules_of(closed->program, Layer::ethernet, Direction::in).size() : 99;
}

TEST(AccessLists, ARuleStandsAsOftenAsItsListIsLong) {
  Diagnostics diagnostics;
  EXPECT_EQ(rules_for(access_rule, "", diagnostics), 0U);
  EXPECT_EQ(rules_for(access_rule, parameter("DENY", "fd00::1"), diagnostics), 0U);
  EXPECT_EQ(rules_for(access_rule, parameter("DENY", "10.0.0.1"), diagnostics), 1U);
  EXPECT_EQ(rules_for(access_rule, parameter("DENY", "10.0.0.1") + parameter("DENY", "any"), diagnostics), 2U);
  EXPECT_TRUE(diagnostics.ok()) << text_of(diagnostics);
}

TEST(AccessLists, AnEmptyListHasNoElement) {
  Diagnostics diagnostics;
  EXPECT_EQ(rules_for("<rule action='drop' direction='in'><ip srcipaddr='$DENY_IPV4[0]'/></rule>", "", diagnostics),
            99U);
  EXPECT_FALSE(diagnostics.ok());
}

TEST(AccessLists, AnEmptyListBesideALongerOneIsAMistake) {
  Diagnostics diagnostics;
  EXPECT_EQ(rules_for("<rule action='drop' direction='in'><ip srcipaddr='$DENY_IPV4' srcipmask='$N'/></rule>",
                      parameter("N", "8"), diagnostics),
            99U);
  EXPECT_NE(joined_ids(diagnostics), "");
}

} // namespace
} // namespace nwgate::test
