// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/resolve/order_chains.h"

#include "tests/support/documents.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace nwgate::test {
namespace {

/// Filters whose rules are told apart by their comments: `chain` and, in order, `priority:comment`.
Filter chain_filter(const std::string &name, const std::string &head,
                    const std::vector<std::pair<int, std::string>> &rules, const std::string &direction = "in",
                    const std::string &element = "mac") {
  std::string body;
  for (const auto &[priority, comment] : rules)
    body += fmt::format("<rule action='drop' direction='{}' priority='{}'><{} comment='{}'/></rule>\n", direction,
                        priority, element, comment);
  return filter_named(name, body, head);
}

Filter includes(const std::vector<std::string> &names, const std::string &name = "top") {
  std::string body;
  for (const auto &included : names)
    body += "<filterref filter='" + included + "'/>\n";
  return filter_named(name, body);
}

OrderedRules ordered(FilterMap &filters) {
  Diagnostics diagnostics;
  return order_chains(expand_includes("top", {}, filters, {}, diagnostics));
}

std::string comment_of(const FlatRule &flat) {
  return std::get<std::string>(std::get<Literal>(flat.rule->find(Attribute::comment)->value));
}

/// Comments, and `>chain` (to the workload) or `<chain` (from it) for a jump.
std::string ethernet(FilterMap &filters) {
  std::string text;
  for (const auto &step : ordered(filters).ethernet) {
    text += text.empty() ? "" : " ";
    if (const auto *place = std::get_if<ChainPlace>(&step))
      text += fmt::format("{}{}", place->direction == Direction::in ? '>' : '<', place->name);
    else
      text += comment_of(std::get<FlatRule>(step));
  }
  return text;
}

std::string ip(FilterMap &filters) {
  std::string text;
  for (const auto &flat : ordered(filters).ip)
    text += (text.empty() ? "" : " ") + comment_of(flat);
  return text;
}

TEST(OrderChains, SortsRulesByPriorityAndKeepsEquals) {
  FilterMap filters;
  filters.add(chain_filter("top", "", {{500, "c"}, {-1000, "a"}, {500, "d"}, {0, "b"}, {500, "e"}}));
  EXPECT_EQ(ethernet(filters), "a b c d e");
}

TEST(OrderChains, PutsAJumpBeforeTheFirstRootRuleOfEqualOrLaterPriority) {
  FilterMap filters;
  filters.add(includes({"root-rules", "sub"}));
  filters.add(chain_filter("root-rules", "chain='root'", {{-701, "before"}, {-700, "tie"}, {-699, "after"}}));
  filters.add(chain_filter("sub", "chain='ipv4'", {{500, "inside"}}));
  EXPECT_EQ(ethernet(filters), "before >ipv4 tie after inside");
}

TEST(OrderChains, PutsLateJumpsAtTheEndOfRoot) {
  FilterMap filters;
  filters.add(includes({"sub", "root-rules"}));
  filters.add(chain_filter("root-rules", "", {{900, "last"}}));
  filters.add(chain_filter("sub", "chain='arp' priority='950'", {{0, "inside"}}));
  EXPECT_EQ(ethernet(filters), "last >arp inside");
}

TEST(OrderChains, SortsJumpsByChainPriority) {
  FilterMap filters;
  filters.add(includes({"r", "a", "v6", "v4", "v", "m", "s"}));
  const std::vector<std::pair<std::string, std::string>> chains = {
      {"r", "rarp"}, {"a", "arp"}, {"v6", "ipv6"}, {"v4", "ipv4"}, {"v", "vlan"}, {"m", "mac"}, {"s", "stp"}};
  for (const auto &[name, chain] : chains)
    filters.add(chain_filter(name, "chain='" + chain + "'", {{500, name}}));
  EXPECT_EQ(ethernet(filters), ">stp >mac >vlan >ipv4 >ipv6 >arp >rarp r a v6 v4 v m s");
}

TEST(OrderChains, AChainExistsForTheDirectionsThatHaveRules) {
  FilterMap filters;
  filters.add(includes({"a", "b", "c"}));
  filters.add(chain_filter("a", "chain='mac'", {{500, "1"}}, "out"));
  filters.add(chain_filter("b", "chain='arp'", {{500, "2"}}, "in"));
  filters.add(chain_filter("c", "chain='ipv4'", {{500, "3"}}, "inout"));
  EXPECT_EQ(ethernet(filters), "<mac <ipv4 >ipv4 >arp 1 2 3");
}

TEST(OrderChains, FiltersThatNameOneChainShareIt) {
  FilterMap filters;
  filters.add(includes({"a", "b"}));
  filters.add(chain_filter("a", "chain='mac'", {{500, "a5"}, {300, "a3"}}));
  filters.add(chain_filter("b", "chain='mac'", {{400, "b4"}, {500, "b5"}}));
  EXPECT_EQ(ethernet(filters), ">mac a3 b4 a5 b5");
}

TEST(OrderChains, TheLastRuleDecidesAmongSeveralPrioritiesOfAChain) {
  FilterMap filters;
  filters.add(includes({"root-rules", "early", "late"}));
  filters.add(chain_filter("root-rules", "", {{0, "middle"}}));
  filters.add(chain_filter("early", "chain='mac' priority='-100'", {{500, "e"}}));
  filters.add(chain_filter("late", "chain='mac' priority='100'", {{400, "l"}}));
  EXPECT_EQ(ethernet(filters), ">mac middle l e") << "'e' is last in order, so its filter's -100 counts";
}

TEST(OrderChains, TheIpLayerHasRootRulesFirstAndNoChains) {
  FilterMap filters;
  filters.add(includes({"sub", "root-rules"}));
  filters.add(chain_filter("sub", "chain='ipv4'", {{-1000, "s1"}, {900, "s9"}, {-1000, "s2"}}, "in", "tcp"));
  filters.add(chain_filter("root-rules", "", {{1000, "r9"}, {500, "r5"}}, "in", "udp-ipv6"));
  EXPECT_EQ(ip(filters), "r5 r9 s1 s2 s9");
  EXPECT_EQ(ethernet(filters), "") << "rules of the ip layer need no chain";
}

} // namespace
} // namespace nwgate::test
