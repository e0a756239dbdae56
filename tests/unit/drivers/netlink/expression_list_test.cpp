// SPDX-License-Identifier: LGPL-2.1-or-later
/// Expressions as they are written, and the form in which rules are compared.
#include "drivers/netlink/expression_list.h"

#include "drivers/netlink/handles.h"
#include "drivers/netlink/message.h"

#include <array>
#include <cstring>
#include <gtest/gtest.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

namespace nwgate::netlink {
namespace {

constexpr std::array<std::uint8_t, 2> http{0, 80};

std::string form(const ExpressionList &list) { return canonical_form(list.bytes()); }

ExpressionList port_rule(std::int32_t verdict = NF_ACCEPT) {
  ExpressionList list;
  list.payload(NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, {0});
  list.compare({0}, NFT_CMP_EQ, http);
  list.lookup("s", {0});
  list.counter();
  list.verdict(verdict);
  return list;
}

NftExpr expression(const char *name) { return NftExpr(nftnl_expr_alloc(name)); }

/// The same rule, as libnftnl writes it.
NftRule port_rule_of_libnftnl(std::uint64_t packets) {
  NftRule rule(nftnl_rule_alloc());
  auto payload = expression("payload");
  nftnl_expr_set_u32(payload.get(), NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1);
  nftnl_expr_set_u32(payload.get(), NFTNL_EXPR_PAYLOAD_BASE, NFT_PAYLOAD_TRANSPORT_HEADER);
  nftnl_expr_set_u32(payload.get(), NFTNL_EXPR_PAYLOAD_OFFSET, 2);
  nftnl_expr_set_u32(payload.get(), NFTNL_EXPR_PAYLOAD_LEN, 2);
  nftnl_rule_add_expr(rule.get(), payload.release());
  auto compare = expression("cmp");
  nftnl_expr_set_u32(compare.get(), NFTNL_EXPR_CMP_SREG, NFT_REG_1);
  nftnl_expr_set_u32(compare.get(), NFTNL_EXPR_CMP_OP, NFT_CMP_EQ);
  nftnl_expr_set(compare.get(), NFTNL_EXPR_CMP_DATA, http.data(), http.size());
  nftnl_rule_add_expr(rule.get(), compare.release());
  auto lookup = expression("lookup");
  nftnl_expr_set_u32(lookup.get(), NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
  nftnl_expr_set_str(lookup.get(), NFTNL_EXPR_LOOKUP_SET, "s");
  nftnl_expr_set_u32(lookup.get(), NFTNL_EXPR_LOOKUP_SET_ID, 17);
  nftnl_expr_set_u32(lookup.get(), NFTNL_EXPR_LOOKUP_FLAGS, 0);
  nftnl_rule_add_expr(rule.get(), lookup.release());
  auto counter = expression("counter");
  nftnl_expr_set_u64(counter.get(), NFTNL_EXPR_CTR_PACKETS, packets);
  nftnl_rule_add_expr(rule.get(), counter.release());
  auto verdict = expression("immediate");
  nftnl_expr_set_u32(verdict.get(), NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
  nftnl_expr_set_u32(verdict.get(), NFTNL_EXPR_IMM_VERDICT, NF_ACCEPT);
  nftnl_rule_add_expr(rule.get(), verdict.release());
  return rule;
}

TEST(CanonicalForm, WhoeverWroteTheRule) {
  ExpressionList theirs;
  theirs.append(*port_rule_of_libnftnl(0));
  EXPECT_NE(theirs.bytes(), port_rule().bytes()) << "this test would say nothing";
  EXPECT_EQ(form(theirs), form(port_rule()));
}

TEST(CanonicalForm, CountsAreNoPartOfARule) {
  ExpressionList fresh;
  fresh.append(*port_rule_of_libnftnl(0));
  ExpressionList counted;
  counted.append(*port_rule_of_libnftnl(1000));
  EXPECT_NE(fresh.bytes(), counted.bytes());
  EXPECT_EQ(form(fresh), form(counted));
}

TEST(CanonicalForm, EverythingElseIs) {
  std::vector<std::string> forms = {form(port_rule()), form(port_rule(NF_DROP))};
  const auto add = [&](auto... calls) {
    ExpressionList list;
    (calls(list), ...);
    forms.push_back(form(list));
  };
  const auto counter = [](ExpressionList &list) { list.counter(); };
  const auto mark = [](ExpressionList &list) { list.meta(NFT_META_MARK, {0}); };
  add(mark);
  add(mark, counter);
  add(counter, mark);
  add([](ExpressionList &list) { list.set_meta(NFT_META_MARK, {0}); });
  add([](ExpressionList &list) { list.meta(NFT_META_MARK, {1}); });
  add([](ExpressionList &list) { list.meta(NFT_META_IIF, {0}); });
  add([](ExpressionList &list) { list.lookup("s", {0}); });
  add([](ExpressionList &list) { list.lookup("s", {0}, true); });
  add([](ExpressionList &list) { list.lookup("t", {0}); });
  add([](ExpressionList &list) { list.lookup("s", {4}); });
  add([](ExpressionList &list) { list.lookup_data("s", {0}, {4}); });
  add([](ExpressionList &list) { list.lookup_verdict("s", {0}); });
  add([](ExpressionList &list) { list.verdict(NFT_JUMP, "c"); });
  add([](ExpressionList &list) { list.verdict(NFT_GOTO, "c"); });
  add([](ExpressionList &list) { list.verdict(NFT_GOTO, "d"); });
  add([](ExpressionList &list) { list.verdict(NFT_RETURN); });
  add([](ExpressionList &list) { list.compare({0}, NFT_CMP_NEQ, http); });
  add([](ExpressionList &list) { list.compare({0}, NFT_CMP_EQ, http); });
  add([](ExpressionList &list) { list.range({0}, http, http, false); });
  add([](ExpressionList &list) { list.range({0}, http, http, true); });
  add([](ExpressionList &list) { list.bitwise_and({0}, {0}, http); });
  add([](ExpressionList &list) { list.bitwise_or({0}, {0}, 80); });
  add([](ExpressionList &list) { list.reject(3); });
  add([](ExpressionList &list) { list.ct(NFT_CT_STATE, {0}); });
  for (std::size_t i = 0; i < forms.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      EXPECT_NE(forms[i], forms[j]) << i << ' ' << j;
}

TEST(SetCounts, TheFirstCounterStartsThere) {
  RuleContent rule{port_rule().bytes(), {}, 0};
  const auto before = canonical_form(rule.expressions);
  set_counts(rule, {5, 700});
  EXPECT_EQ(canonical_form(rule.expressions), before);
  for (const nlattr *element : attributes_in(rule.expressions.data(), rule.expressions.size())) {
    const auto parts = attributes_in(*element);
    if (std::strcmp(mnl_attr_get_str(parts.at(0)), "counter") != 0)
      continue;
    for (const nlattr *attribute : attributes_in(*parts.at(1))) {
      const auto number = mnl_attr_get_u64(attribute);
      EXPECT_EQ(__builtin_bswap64(number), mnl_attr_get_type(attribute) == NFTA_COUNTER_PACKETS ? 5U : 700U);
    }
  }
}

TEST(SetCounts, ARuleWithoutACounterStaysAsItIs) {
  ExpressionList list;
  list.verdict(NF_DROP);
  RuleContent rule{list.bytes(), {}, 0};
  set_counts(rule, {5, 700});
  EXPECT_EQ(rule.expressions, list.bytes());
}

} // namespace
} // namespace nwgate::netlink
