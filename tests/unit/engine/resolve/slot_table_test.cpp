// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/resolve/slot_table.h"

#include "tests/support/documents.h"

#include <gtest/gtest.h>

namespace nwgate::test {
namespace {

/// The slots of a rule as the text form has them: `$A & $B; $C[@1]`.
std::string slots(const std::string &element, FilterMap filters = {}, const std::string &body = "") {
  filters.add(filter_named("top", body.empty() ? "<rule action='drop' direction='in'>" + element + "</rule>" : body));
  const auto rules = rules_of(program_of(filters, "top"), Layer::ipv4, Direction::in);
  const auto &rule = rules.at(0);
  return rule.starts_with("for ") ? rule.substr(4, rule.find(": ") - 4) : "none";
}

TEST(SlotTable, GroupsVariablesByIterator) {
  EXPECT_EQ(slots("<tcp srcportstart='1'/>"), "none");
  EXPECT_EQ(slots("<tcp srcipaddr='$A'/>"), "$A");
  EXPECT_EQ(slots("<tcp srcipaddr='$A' dstportstart='$B'/>"), "$A & $B");
  EXPECT_EQ(slots("<tcp srcipaddr='$A[@1]' dstportstart='$B[@2]'/>"), "$A[@1]; $B[@2]");
  EXPECT_EQ(slots("<tcp srcipaddr='$A[@1]' srcportstart='$B[@2]' dstportstart='$C[@2]'/>"), "$A[@1]; $B[@2] & $C[@2]");
  EXPECT_EQ(slots("<tcp srcipaddr='$A[@1]' dstipaddr='$A[@2]'/>"), "$A[@1]; $A[@2]");
}

TEST(SlotTable, IteratorZeroComesFirst) {
  EXPECT_EQ(slots("<tcp srcipaddr='$A[@1]' srcportstart='$B[@2]' dstportstart='$C'/>"), "$C; $A[@1]; $B[@2]");
}

TEST(SlotTable, OneAccessIsOneColumn) {
  EXPECT_EQ(slots("<tcp srcipaddr='$A' dstipaddr='$A'/>"), "$A");
  EXPECT_EQ(slots("<tcp srcipaddr='$A' dstipaddr='$A[@0]'/>"), "$A");
}

TEST(SlotTable, AnElementHasASlotOfItsOwn) {
  EXPECT_EQ(slots("<tcp srcipaddr='$A[1]' dstipaddr='$A[0]' dstportstart='$B[0]'/>"), "$A[1]; $A[0]; $B[0]");
  EXPECT_EQ(slots("<tcp srcipaddr='$A[1]' dstipaddr='$A[1]'/>"), "$A[1]");
  EXPECT_EQ(slots("<tcp srcipaddr='$A[1]' dstportstart='$B'/>"), "$B; $A[1]");
}

TEST(SlotTable, VariablesOfTheOtherDirectionCountToo) {
  EXPECT_EQ(slots("", {}, "<rule action='accept' direction='out'><tcp srcmacaddr='$M[@1]' dstportstart='$B'/></rule>"),
            "$B; $M[@1]")
      << "the way back does not look at the MAC, and stands as often all the same";
}

FilterMap included(const std::string &inner_parameters) {
  FilterMap filters;
  filters.add(filter_named("middle", "<filterref filter='inner'>" + inner_parameters + "</filterref>"));
  filters.add(
      filter_named("inner", "<rule action='drop' direction='in'><tcp srcipaddr='$A' dstportstart='$B'/></rule>"));
  return filters;
}
std::string parameter(const std::string &name, const std::string &value) {
  return "<parameter name='" + name + "' value='" + value + "'/>";
}
std::string defaults(const std::string &middle_parameters, const std::string &inner_parameters) {
  return slots("", included(inner_parameters), "<filterref filter='middle'>" + middle_parameters + "</filterref>");
}

TEST(SlotTable, TheOutermostParameterWinsWithItsWholeList) {
  EXPECT_EQ(defaults("", ""), "$A & $B");
  EXPECT_EQ(defaults("", parameter("A", "1") + parameter("B", "2") + parameter("A", "3")), "$A=\"1\",\"3\" & $B=\"2\"");
  EXPECT_EQ(defaults(parameter("A", "9"), parameter("A", "1") + parameter("A", "3") + parameter("B", "2")),
            "$A=\"9\" & $B=\"2\"");
}

TEST(SlotTable, OneIncludeDoesNotSeeTheParametersOfAnother) {
  EXPECT_EQ(slots("", included(""),
                  "<filterref filter='inner'/><filterref filter='inner'>" + parameter("A", "1") + "</filterref>"),
            "$A & $B")
      << "of the first include";
}

} // namespace
} // namespace nwgate::test
