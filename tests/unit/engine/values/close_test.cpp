// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/values/close.h"

#include "engine/program/verify.h"
#include "tests/support/documents.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace nwgate::test {
namespace {

using Parameters = std::vector<std::pair<std::string, std::string>>;

const Parameters lists = {{"A", "1.1.1.1"}, {"A", "2.2.2.2"}, {"A", "3.3.3.3"}, {"B", "80"},   {"B", "90"},
                          {"B", "80"},      {"C", "1080"},    {"C", "1090"},    {"C", "1100"}, {"D", "80"}};

FilterMap with_rule(const std::string &element) {
  FilterMap filters;
  filters.add(filter_named("top", "<rule action='drop' direction='in'>" + element + "</rule>"));
  return filters;
}

/// What follows `with` in each rule of the closed program: the values of its variables.
std::string values_of(const std::string &element, const Parameters &parameters = lists) {
  auto filters = with_rule(element);
  Diagnostics diagnostics;
  const auto closed = compile(bound("top", parameters), filters, diagnostics);
  if (!closed)
    return joined_ids(diagnostics);
  EXPECT_EQ(verify(closed->program, true), std::vector<std::string>{});
  std::string text;
  for (const auto &rule : rules_of(closed->program, Layer::ipv4, Direction::in)) {
    std::string values;
    for (const char c : rule.substr(rule.find(" with ") + 6))
      if (c != '"')
        values += c;
    text += (text.empty() ? "" : "; ") + values;
  }
  return text;
}

Diagnostics diagnostics_of(const std::string &element, const Parameters &parameters, const ResolveLimits &limits = {}) {
  auto filters = with_rule(element);
  Diagnostics diagnostics;
  EXPECT_FALSE(compile(bound("top", parameters), filters, diagnostics, limits));
  return diagnostics;
}
std::vector<std::string> messages_of(const Diagnostics &diagnostics) {
  std::vector<std::string> messages;
  for (const auto &item : diagnostics.sorted())
    messages.push_back(fmt::format("{} {}", item.id, item.message));
  return messages;
}

TEST(Close, WalksListsOfOneIteratorInParallel) {
  EXPECT_EQ(values_of("<tcp srcipaddr='$A' dstportstart='$B'/>"), "A=1.1.1.1, B=80; A=2.2.2.2, B=90; A=3.3.3.3, B=80");
  EXPECT_EQ(values_of("<tcp srcipaddr='$A[@7]' dstportstart='$B[@7]'/>"),
            "A[@7]=1.1.1.1, B[@7]=80; A[@7]=2.2.2.2, B[@7]=90; A[@7]=3.3.3.3, B[@7]=80");
}

TEST(Close, CombinesIteratorsTheFirstOneFastest) {
  EXPECT_EQ(values_of("<tcp srcipaddr='$A[@1]' dstportstart='$B[@2]'/>"),
            "A[@1]=1.1.1.1, B[@2]=80; A[@1]=2.2.2.2, B[@2]=80; A[@1]=3.3.3.3, B[@2]=80; "
            "A[@1]=1.1.1.1, B[@2]=90; A[@1]=2.2.2.2, B[@2]=90; A[@1]=3.3.3.3, B[@2]=90");
}

TEST(Close, IteratorZeroIsFastestWhereverItStands) {
  EXPECT_EQ(values_of("<tcp srcipaddr='$A[@1]' dstportstart='$B'/>"),
            "B=80, A[@1]=1.1.1.1; B=90, A[@1]=1.1.1.1; B=80, A[@1]=2.2.2.2; "
            "B=90, A[@1]=2.2.2.2; B=80, A[@1]=3.3.3.3; B=90, A[@1]=3.3.3.3");
}

TEST(Close, LeavesOutTuplesThatOccurredBefore) {
  EXPECT_EQ(values_of("<tcp dstportstart='$B'/>"), "B=80; B=90");
  EXPECT_EQ(values_of("<tcp srcportstart='$X' dstportstart='$Y'/>",
                      {{"X", "1"}, {"X", "2"}, {"X", "1"}, {"Y", "1"}, {"Y", "3"}, {"Y", "1"}}),
            "X=1, Y=1; X=2, Y=3");
  EXPECT_EQ(values_of("<tcp srcportstart='$X' dstportstart='$Y'/>", {{"X", "1"}, {"X", "11"}, {"Y", "11"}, {"Y", "1"}}),
            "X=1, Y=11; X=11, Y=1")
      << "tuples, not their texts, are compared";
}

TEST(Close, OneVariableOnTwoIteratorsMakesAllPairs) {
  EXPECT_EQ(values_of("<tcp srcportstart='$B[@1]' dstportstart='$B[@2]'/>"),
            "B[@1]=80, B[@2]=80; B[@1]=90, B[@2]=80; B[@1]=80, B[@2]=90; B[@1]=90, B[@2]=90");
  EXPECT_EQ(values_of("<tcp srcportstart='$B' dstportstart='$B'/>"), "B=80; B=90") << "on one iterator it is one value";
}

TEST(Close, TakesSingleElements) {
  EXPECT_EQ(values_of("<tcp srcipaddr='$A[1]' dstportstart='$B'/>"), "B=80, A[1]=2.2.2.2; B=90, A[1]=2.2.2.2");
  EXPECT_EQ(values_of("<tcp srcipaddr='$A[0]' dstipaddr='$A[2]'/>"), "A[0]=1.1.1.1, A[2]=3.3.3.3");
  EXPECT_EQ(values_of("<tcp dstportstart='$D[0]'/>"), "D[0]=80") << "a single value is a list of one";
}

TEST(Close, PutsTheBindingsMacIn) {
  EXPECT_EQ(values_of("<all srcmacaddr='$MAC'/>"), "MAC=02:00:00:00:00:01");
  EXPECT_EQ(values_of("<all srcmacaddr='$MAC'/>", {{"MAC", "02:00:00:00:00:09"}}), "MAC=02:00:00:00:00:09")
      << "a parameter wins";
}

TEST(Close, TheBindingWinsOverTheFiltersDefaults) {
  FilterMap filters;
  filters.add(filter_named(
      "top", "<filterref filter='inner'><parameter name='P' value='1'/><parameter name='P' value='2'/></filterref>"));
  filters.add(filter_named("inner", "<rule action='drop' direction='in'><tcp dstportstart='$P'/></rule>"));
  const auto ports = [&](const Parameters &parameters) {
    Diagnostics diagnostics;
    const auto closed = compile(bound("top", parameters), filters, diagnostics);
    std::string text;
    for (const auto &rule : rules_of(closed.value().program, Layer::ipv4, Direction::in))
      text += rule.substr(rule.find(" with ") + 6) + " ";
    return text;
  };
  EXPECT_EQ(ports({}), "P=\"1\" P=\"2\" ");
  EXPECT_EQ(ports({{"P", "7"}}), "P=\"7\" ") << "with its whole list";
}

TEST(Close, ReportsAllMissingVariablesAtOnce) {
  const auto diagnostics =
      diagnostics_of("<tcp srcipaddr='$A' dstipaddr='$X[@1]' srcportstart='$Y[0]' dstportstart='$Z'/>", lists);
  EXPECT_EQ(
      messages_of(diagnostics),
      (std::vector<std::string>{"NWG305 $X[@1] has no value", "NWG305 $Y[0] has no value", "NWG305 $Z has no value"}));
  const auto first = diagnostics.sorted().at(0);
  EXPECT_EQ(first.where.to_string(), "binding.xml:4:1") << "where the binding asks for its filter";
  EXPECT_EQ(first.notes.at(0).where.to_string(), "top.xml:2:1");
}

TEST(Close, ReportsElementsBeyondTheList) {
  EXPECT_EQ(messages_of(diagnostics_of("<tcp srcipaddr='$A[3]'/>", lists)),
            std::vector<std::string>{"NWG308 $A[3] does not exist: the list has 3 element(s)"});
}

TEST(Close, ReportsListsOfDifferentLength) {
  EXPECT_EQ(messages_of(diagnostics_of("<tcp srcipaddr='$A' dstportstart='$D'/>", lists)),
            std::vector<std::string>{
                "NWG306 $A has 3 value(s) and $D has 1: lists that are walked together must have one length"});
}

TEST(Close, ChecksValuesAgainstTheAttribute) {
  const auto diagnostics = diagnostics_of("<tcp srcipaddr='$A' dstportstart='$P[@1]'/>",
                                          {{"A", "192.0.2.1"}, {"P", "80"}, {"P", "http"}, {"P", "65536"}});
  EXPECT_EQ(messages_of(diagnostics), (std::vector<std::string>{"NWG307 'http' is not a number from 0 to 65535",
                                                                "NWG307 '65536' is not a number from 0 to 65535"}));
  EXPECT_EQ(diagnostics.sorted().at(0).where.to_string(), "binding.xml:7:21");
}

TEST(Close, OneValueForAttributesOfTwoTypes) {
  EXPECT_EQ(
      messages_of(diagnostics_of("<tcp srcipaddr='$V' dstportstart='$V'/>", {{"V", "x"}})),
      (std::vector<std::string>{"NWG307 'x' is not an IPv4 address", "NWG307 'x' is not a number from 0 to 65535"}));
}

TEST(Close, StopsAtTheLimitOfRules) {
  ResolveLimits limits;
  limits.rules = 12; // six combinations in two directions
  auto filters = with_rule("<tcp srcipaddr='$A[@1]' dstportstart='$B[@2]'/>");
  Diagnostics diagnostics;
  EXPECT_TRUE(compile(bound("top", lists), filters, diagnostics, limits));
  limits.rules = 11;
  EXPECT_EQ(messages_of(diagnostics_of("<tcp srcipaddr='$A[@1]' dstportstart='$B[@2]'/>", lists, limits)),
            std::vector<std::string>{"NWG304 the binding expands to more than 11 rules"});
}

TEST(Close, KeepsTheOrderOfRules) {
  FilterMap filters;
  filters.add(filter_named("top", "<rule action='accept' direction='in' priority='1'><tcp dstportstart='$B'/></rule>"
                                  "<rule action='drop' direction='in' priority='2'><tcp dstportstart='$C'/></rule>"));
  Diagnostics diagnostics;
  const auto closed = compile(bound("top", lists), filters, diagnostics);
  std::string verdicts;
  for (const auto &rule : closed.value().program.find(Layer::ipv4, Direction::in, "root")->rules)
    verdicts += rule.verdict == VerdictKind::accept ? 'a' : 'd';
  EXPECT_EQ(verdicts, "aaddd");
}

} // namespace
} // namespace nwgate::test
