// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/xml/filter_reader.h"

#include "tests/support/documents.h"

#include <gtest/gtest.h>

namespace nwgate::test {
namespace {

using A = Attribute;

Rule rule_of(const std::string &rule) { return std::get<Rule>(filter_named("f", rule).items.at(0)); }

std::string warnings_of(const std::string &body, const std::string &attributes = "") {
  Diagnostics diagnostics;
  const auto text = "<filter name='f' " + attributes + ">\n" + body + "\n</filter>";
  EXPECT_TRUE(xml::read_filter(source(text), {}, diagnostics)) << text_of(diagnostics);
  return joined_ids(diagnostics);
}
std::string warnings_of_rule(const std::string &elements, const std::string &head = "action='drop' direction='in'") {
  return warnings_of("<rule " + head + ">" + elements + "</rule>");
}

TEST(FilterReader, ReadsTheHead) {
  const auto read = filter("<filter name='my-filter' chain='ipv4-ip' priority='-710'>"
                           "<uuid>D54DF46F1AB54A2286184560EF5FAC2C</uuid></filter>");
  EXPECT_EQ(read.name, "my-filter");
  EXPECT_EQ(read.chain, "ipv4-ip");
  EXPECT_EQ(read.priority, -710);
  EXPECT_EQ(read.uuid, "d54df46f-1ab5-4a22-8618-4560ef5fac2c");
}

TEST(FilterReader, FillsInDefaults) {
  EXPECT_EQ(filter("<filter name='f'/>").chain, "root");
  EXPECT_EQ(filter("<filter name='f'/>").priority, 0);
  EXPECT_EQ(filter("<filter name='f'/>").uuid, "");
  EXPECT_EQ(filter("<filter name='f' chain='arp-mac'/>").priority, -500);
  EXPECT_EQ(filter("<filter name='f' priority='7'/>").priority, 7) << "also without a chain";
}

TEST(FilterReader, KeepsRulesAndIncludesInDocumentOrder) {
  const auto read = filter_named(
      "f", "<filterref filter='a'><parameter name='IP' value='192.0.2.1'/><parameter name='IP' "
           "value='192.0.2.2'/></filterref>\n<rule action='drop' direction='in'/>\n<filterref filter='b'/>");
  ASSERT_EQ(read.items.size(), 3U);
  const auto &first = std::get<FilterRef>(read.items[0]);
  EXPECT_EQ(first.filter, "a");
  ASSERT_EQ(first.parameters.size(), 2U);
  EXPECT_EQ(first.parameters[0].value, "192.0.2.1");
  EXPECT_EQ(first.parameters[1].value, "192.0.2.2");
  EXPECT_EQ(first.parameters[1].where.to_string(), "f.xml:2:84");
  EXPECT_EQ(std::get<Rule>(read.items[1]).where.to_string(), "f.xml:3:1");
  EXPECT_EQ(std::get<FilterRef>(read.items[2]).filter, "b");
}

TEST(FilterReader, ReadsTheHeadOfARule) {
  const auto plain = rule_of("<rule action='return' direction='inout'/>");
  EXPECT_EQ(plain.action, Action::return_to_caller);
  EXPECT_EQ(plain.direction, RuleDirection::inout);
  EXPECT_EQ(plain.priority, 500);
  EXPECT_TRUE(plain.statematch);
  EXPECT_EQ(plain.protocol, Protocol::none);
  EXPECT_EQ(rule_of("<rule action='continue' direction='out' priority='-1000'/>").priority, -1000);
  for (const auto *off : {"0", "false", "FALSE"})
    EXPECT_FALSE(rule_of("<rule action='drop' direction='in' statematch='" + std::string(off) + "'/>").statematch)
        << off;
  for (const auto *on : {"1", "true", "True"})
    EXPECT_TRUE(rule_of("<rule action='drop' direction='in' statematch='" + std::string(on) + "'/>").statematch) << on;
}

TEST(FilterReader, OrdersAttributesByElementThenByTable) {
  const auto rule = rule_of("<rule action='drop' direction='in'><tcp dstportstart='22' srcipaddr='192.0.2.1'/>"
                            "<tcp match='no' dscp='1' srcmacaddr='2:0:0:0:0:1'/></rule>");
  std::vector<A> order;
  std::vector<bool> negated;
  for (const auto &value : rule.attributes) {
    order.push_back(value.attribute);
    negated.push_back(value.negated);
  }
  EXPECT_EQ(order, (std::vector{A::srcipaddr, A::dstportstart, A::srcmacaddr, A::dscp}));
  EXPECT_EQ(negated, (std::vector{false, false, true, true}));
}

TEST(FilterReader, TakesVariablesUnseen) {
  const auto rule = rule_of("<rule action='drop' direction='in'><tcp srcipaddr='$IP[@1]' comment='$5'/></rule>");
  EXPECT_EQ(std::get<VariableAccess>(rule.find(A::srcipaddr)->value).to_string(), "$IP[@1]");
  EXPECT_EQ(std::get<Literal>(rule.find(A::comment)->value), Literal(std::string("$5"))) << "a comment is text";
  EXPECT_EQ(rule.find(A::dstipaddr), nullptr);
}

TEST(FilterReader, WarnsOfChainPriorities) {
  EXPECT_EQ(warnings_of("", "chain='stp'"), "NWG401:1:18");
  EXPECT_EQ(warnings_of("", "chain='stp' priority='-810'"), "");
  EXPECT_EQ(warnings_of("", "priority='5'"), "NWG402:1:18");
  EXPECT_EQ(warnings_of("", "chain='mac' priority='0'"), "NWG411:1:30");
  EXPECT_EQ(warnings_of("", "chain='root' priority='0'"), "");
}

TEST(RuleChecks, WarnOfDifferencesInTheEthernetLayer) {
  EXPECT_EQ(warnings_of_rule("<mac/>", "action='reject' direction='in'"), "NWG412:2:1");
  EXPECT_EQ(warnings_of_rule("<vlan encap-protocol='arp'/>"), "NWG405:2:42");
  EXPECT_EQ(warnings_of_rule("<ip dscp='1'/>"), "NWG406:2:40");
  EXPECT_EQ(warnings_of_rule("<arp arpsrcipaddr='192.0.2.0' arpsrcipmask='24' arpdstipaddr='192.0.2.1'/>"),
            "NWG407:2:84");
  EXPECT_EQ(
      warnings_of_rule("<arp arpsrcipaddr='192.0.2.0' arpsrcipmask='24' arpdstipaddr='192.0.2.1' arpdstipmask='32'/>"),
      "");
}

TEST(RuleChecks, WarnOfDifferencesInTheIpLayer) {
  EXPECT_EQ(warnings_of_rule("<tcp ipset='a'/>"), "NWG403:2:41");
  EXPECT_EQ(warnings_of_rule("<tcp ipset='a' ipsetflags='src'/>"), "NWG403:2:41");
  EXPECT_EQ(warnings_of_rule("<all ipset='a' ipsetflags='src'/>"), "");
  EXPECT_EQ(warnings_of_rule("<all match='no' ipset='a' ipsetflags='src'/>"), "NWG413:2:52");
  EXPECT_EQ(warnings_of_rule("<tcp match='no' dstportstart='22'/>"), "NWG404:2:52");
  EXPECT_EQ(warnings_of_rule("<tcp match='no' srcportstart='1' dstportstart='22'/>"), "");
  EXPECT_EQ(warnings_of_rule("<tcp-ipv6 dstipfrom='2001:db8::1' dstipto='2001:db8::2'/>"), "NWG408:2:70");
  EXPECT_EQ(warnings_of_rule("<tcp-ipv6 dstipfrom='$A' dstipto='$B'/>"), "");
  EXPECT_EQ(warnings_of_rule("<icmp type='8'/>", "action='drop' direction='inout'"), "NWG409:2:45");
  EXPECT_EQ(warnings_of_rule("<all/>", "action='continue' direction='in'"), "NWG410:2:1");
  EXPECT_EQ(warnings_of_rule("<mac/>", "action='continue' direction='in'"), "");
  EXPECT_EQ(warnings_of_rule("<tcp-ipv6 flags='SYN/SYN'/>"), "NWG417:2:46");
  EXPECT_EQ(warnings_of_rule("<icmp type='255'/>"), "NWG418:2:42");
}

TEST(RuleChecks, WarnOfAttributesWithoutEffect) {
  EXPECT_EQ(warnings_of_rule("<mac srcmacmask='ff:0:0:0:0:0'/>"), "NWG416:2:41");
  EXPECT_EQ(warnings_of_rule("<tcp dstportend='22'/>"), "NWG416:2:41");
  EXPECT_EQ(warnings_of_rule("<tcp srcipaddr='192.0.2.1' srcipfrom='192.0.2.1'/>"), "NWG416:2:63");
  EXPECT_EQ(warnings_of_rule("<icmp code='1'/>"), "NWG416:2:42");
  EXPECT_EQ(warnings_of_rule("<ipv6 protocol='icmpv6' typeend='5'/>"), "") << "from 0";
  EXPECT_EQ(warnings_of_rule("<all state='NEW'/>", "action='drop' direction='in' statematch='0'"), "NWG416:2:56");
  EXPECT_EQ(warnings_of_rule("<all match='no' state='NEW'/>"), "NWG416:2:52");
  EXPECT_EQ(warnings_of_rule("<icmp match='no' type='8'/><icmp code='0'/>"), "NWG415:2:69");
  EXPECT_EQ(warnings_of_rule("<ipv6 protocol='icmpv6'/><ipv6 match='no' code='0'/>"), "NWG419:2:78");
  EXPECT_EQ(warnings_of_rule("<ipv6 protocol='icmpv6' type='1' code='0'/>"), "");
}

} // namespace
} // namespace nwgate::test
