// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/resolve/expand_includes.h"

#include "engine/resolve/resolve.h"
#include "tests/support/documents.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace nwgate::test {
namespace {

std::string rule(int priority) { return fmt::format("<rule action='drop' direction='in' priority='{}'/>\n", priority); }
std::string include(const std::string &name) { return "<filterref filter='" + name + "'/>\n"; }

/// The rules' priorities, which stand for the rules, and the filters that hold them.
std::string flat(FilterSource &filters, const std::string &top = "top") {
  Diagnostics diagnostics;
  std::string text;
  for (const auto &flat : expand_includes(top, {}, filters, {}, diagnostics))
    text += fmt::format("{}{}:{}", text.empty() ? "" : " ", flat.filter->name, flat.rule->priority);
  EXPECT_TRUE(diagnostics.ok()) << text_of(diagnostics);
  return text;
}

std::string errors(FilterSource &filters, const ResolveLimits &limits = {}) {
  Diagnostics diagnostics;
  (void)expand_includes("top", {}, filters, limits, diagnostics);
  return joined_ids(diagnostics);
}

TEST(ExpandIncludes, GoesDepthFirstInDocumentOrder) {
  FilterMap filters;
  filters.add(filter_named("top", rule(1) + include("a") + rule(5) + include("b")));
  filters.add(filter_named("a", rule(2) + include("b") + rule(4)));
  filters.add(filter_named("b", rule(3)));
  EXPECT_EQ(flat(filters), "top:1 a:2 b:3 a:4 top:5 b:3") << "what is included twice has its rules twice";
}

TEST(ExpandIncludes, KeepsTheWayToEachRule) {
  FilterMap filters;
  filters.add(filter_named("top", "\n" + include("a")));
  filters.add(filter_named("a", include("b")));
  filters.add(filter_named("b", rule(3)));
  Diagnostics diagnostics;
  const auto rules = expand_includes("top", {}, filters, {}, diagnostics);
  ASSERT_EQ(rules.size(), 1U);
  const auto &origin = *rules[0].origin;
  EXPECT_EQ(origin.where.to_string(), "b.xml:2:1");
  ASSERT_EQ(origin.path.size(), 2U);
  EXPECT_EQ(origin.path[0].where.to_string(), "top.xml:3:1");
  EXPECT_EQ(origin.path[1].where.to_string(), "a.xml:2:1");
  EXPECT_EQ(origin.path[1].filter, "a");
  ASSERT_EQ(rules[0].path->size(), 2U);
  EXPECT_EQ(rules[0].path->front()->filter, "a");
}

TEST(ExpandIncludes, ReportsUnknownFiltersAndGoesOn) {
  FilterMap filters;
  filters.add(filter_named("top", include("x") + include("a") + include("y")));
  filters.add(filter_named("a", include("z")));
  EXPECT_EQ(errors(filters), "NWG301:2:1 NWG301:4:1 NWG301:2:1") << "of the last one the place is in a.xml";
  FilterMap empty;
  EXPECT_EQ(errors(empty), "NWG301");
}

TEST(ExpandIncludes, NamesTheWayToAnError) {
  FilterMap filters;
  filters.add(filter_named("top", include("a")));
  filters.add(filter_named("a", include("x")));
  Diagnostics diagnostics;
  (void)expand_includes("top", {}, filters, {}, diagnostics);
  EXPECT_EQ(text_of(diagnostics), "a.xml:2:1: error: there is no filter named 'x' [NWG301]\n"
                                  "    <filterref filter='x'/>\n    ^\n"
                                  "top.xml:2:1: note: included from here\n"
                                  "    <filterref filter='a'/>\n    ^\n");
}

TEST(ExpandIncludes, ReportsEachCycleOnce) {
  FilterMap filters;
  filters.add(filter_named("top", include("a") + include("a") + include("top")));
  filters.add(filter_named("a", include("b") + include("b")));
  filters.add(filter_named("b", include("a")));
  EXPECT_EQ(errors(filters), "NWG302:2:1 NWG302:4:1") << "in b.xml and in top.xml";
}

TEST(ExpandIncludes, ADiamondIsNoCycle) {
  FilterMap filters;
  filters.add(filter_named("top", include("a") + include("b")));
  filters.add(filter_named("a", include("c")));
  filters.add(filter_named("b", include("c")));
  filters.add(filter_named("c", rule(1)));
  EXPECT_EQ(flat(filters), "c:1 c:1");
}

TEST(ExpandIncludes, StopsAtTheDepthLimit) {
  FilterMap filters;
  filters.add(filter_named("top", include("a")));
  filters.add(filter_named("a", include("b")));
  filters.add(filter_named("b", include("c")));
  filters.add(filter_named("c", rule(1)));
  ResolveLimits limits;
  limits.include_depth = 3;
  EXPECT_EQ(errors(filters, limits), "");
  limits.include_depth = 2;
  EXPECT_EQ(errors(filters, limits), "NWG303:2:1");
}

TEST(ExpandIncludes, CountsRulesAndIncludes) {
  FilterMap filters;
  filters.add(filter_named("top", include("a") + include("a") + include("a")));
  filters.add(filter_named("a", rule(1) + rule(2)));
  ResolveLimits limits;
  limits.rules = 7; // two includes with two rules each, and the third include
  EXPECT_EQ(errors(filters, limits), "");
  limits.rules = 6;
  EXPECT_EQ(errors(filters, limits), "NWG304:4:1");
}

TEST(ExpandIncludes, ReportsAWrongDocumentOnce) {
  class WrongFilter : public FilterMap {
  public:
    const Filter *find(std::string_view name, Diagnostics &diagnostics) override {
      if (name == "top")
        return FilterMap::find(name, diagnostics);
      ++asked;
      diagnostics.error("NWG101", {}, "not well-formed");
      return nullptr;
    }
    int asked = 0;
  };
  WrongFilter filters;
  filters.add(filter_named("top", include("a") + include("a") + include("b")));
  EXPECT_EQ(errors(filters), "NWG101");
  EXPECT_EQ(filters.asked, 2) << "a and b";
}

TEST(Resolve, ReturnsNothingWhereThereIsAnError) {
  FilterMap filters;
  filters.add(filter_named("top", rule(1) + include("x")));
  Diagnostics diagnostics;
  EXPECT_FALSE(resolve("top", {}, filters, {}, diagnostics));
  Diagnostics earlier;
  earlier.error("NWG101", {}, "of another document");
  filters.add(filter_named("x", rule(1)));
  EXPECT_TRUE(resolve("top", {}, filters, {}, earlier)) << "errors of others do not matter";
}

} // namespace
} // namespace nwgate::test
