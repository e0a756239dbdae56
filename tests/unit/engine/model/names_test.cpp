// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/model/binding.h"
#include "engine/model/chain_name.h"
#include "engine/model/protocol.h"
#include "engine/model/variable.h"

#include <gtest/gtest.h>
#include <set>

namespace nwgate {
namespace {

std::string read(std::string_view text) {
  const auto access = VariableAccess::parse(text);
  const auto *why = std::get_if<std::string>(&access);
  return why != nullptr ? *why : std::get<VariableAccess>(access).to_string();
}

TEST(VariableAccess, HasThreeForms) {
  EXPECT_EQ(read("$IP"), "$IP");
  EXPECT_EQ(read("$IP[@0]"), "$IP") << "the default iterator";
  EXPECT_EQ(read("$IP[@2]"), "$IP[@2]");
  EXPECT_EQ(read("$IP[@1000]"), "$IP[@1000]");
  EXPECT_EQ(read("$IP[0]"), "$IP[0]");
  EXPECT_EQ(read("$a_B9[ 3 ]"), "$a_B9[3]") << "blanks inside the brackets";
}

TEST(VariableAccess, SaysWhatIsWrong) {
  EXPECT_EQ(read("$"), "a variable needs a name behind '$'");
  EXPECT_EQ(read("${IP}"), "a variable needs a name behind '$'");
  EXPECT_EQ(read("$IP/24"), "'/24' cannot stand behind variable '$IP'");
  EXPECT_EQ(read("$IP[x]"), "'$IP[' needs a number, as in [0] or [@1]");
  EXPECT_EQ(read("$IP["), "'$IP[' needs a number, as in [0] or [@1]");
  EXPECT_EQ(read("$IP[-1]"), "'$IP[' needs a number, as in [0] or [@1]");
  EXPECT_EQ(read("$IP[@@1]"), "'$IP[' needs a number, as in [0] or [@1]");
  EXPECT_EQ(read("$IP[1"), "']' expected at the end of '$IP[...]'");
  EXPECT_EQ(read("$IP[1]x"), "']' expected at the end of '$IP[...]'");
  EXPECT_EQ(read("$IP[@1001]"), "iterator @1001 is over the limit of 1000");
}

TEST(Variable, NamesAndValuesHaveTheirCharacters) {
  EXPECT_TRUE(is_variable_name("aZ_09"));
  EXPECT_TRUE(is_variable_value("aZ_09.:"));
  for (const auto *text : {"", "a-b", "a b", "a/b", "a,b", "\xc3\xa4"}) {
    EXPECT_FALSE(is_variable_name(text)) << text;
    EXPECT_FALSE(is_variable_value(text)) << text;
  }
  EXPECT_FALSE(is_variable_name("a.b"));
}

TEST(ChainName, HasAPrefixThatGivesItsDefaultPriority) {
  const auto priority = [](std::string_view name) { return default_chain_priority(chain_prefix(name).value()); };
  EXPECT_EQ(priority("root"), 0);
  EXPECT_EQ(priority("stp"), -810);
  EXPECT_EQ(priority("mac"), -800);
  EXPECT_EQ(priority("vlan-7"), -750);
  EXPECT_EQ(priority("ipv4"), -700);
  EXPECT_EQ(priority("ipv6-x"), -600);
  EXPECT_EQ(priority("arp-mac"), -500);
  EXPECT_EQ(priority("rarp"), -400);
  EXPECT_EQ(priority("macvtap"), -800) << "no dash is needed";
}

TEST(ChainName, RefusesTheRest) {
  EXPECT_TRUE(chain_prefix("ipv4-a.b:c_D")) << "twelve characters";
  for (const auto *name :
       {"", "ROOT", "rootx", "ip", "forward", "ipv4-a.b:c_De", "arp/mac", "arp mac", "arp\xc3\xa4", "xarp"})
    EXPECT_FALSE(chain_prefix(name)) << name;
  EXPECT_EQ(why_illegal_chain("ipv4-a.b:c_De"), "chain name 'ipv4-a.b:c_De' is longer than 12 characters");
  EXPECT_EQ(why_illegal_chain("arp/mac"), "chain name 'arp/mac' has a character other than letters, digits, _ . : -");
  EXPECT_EQ(why_illegal_chain("root2"),
            "chain name 'root2' is not 'root' and does not begin with mac, vlan, stp, arp, rarp, ipv4 or ipv6");
}

TEST(Protocol, IsFoundByItsElement) {
  EXPECT_EQ(find_protocol(""), nullptr) << "a rule without an element is no element";
  EXPECT_EQ(find_protocol("TCP"), nullptr);
  EXPECT_EQ(find_protocol("igmp-ipv6"), nullptr);
  EXPECT_EQ(all_protocols().size(), 25U);
  for (const auto &spec : all_protocols()) {
    EXPECT_EQ(&spec_of(spec.protocol), &spec);
    if (spec.protocol != Protocol::none) {
      EXPECT_EQ(find_protocol(spec.name), &spec);
    }
  }
}

TEST(Protocol, TellsTheLayer) {
  EXPECT_EQ(find_protocol("ip")->layer, Layer::ethernet);
  EXPECT_EQ(find_protocol("ipv6")->layer, Layer::ethernet);
  EXPECT_EQ(find_protocol("all")->layer, Layer::ipv4);
  EXPECT_EQ(find_protocol("igmp")->layer, Layer::ipv4);
  EXPECT_EQ(find_protocol("icmpv6")->layer, Layer::ipv6);
  EXPECT_EQ(find_protocol("tcp-ipv6")->layer, Layer::ipv6);
}

TEST(Protocol, HasEachAttributeOnce) {
  for (const auto &spec : all_protocols()) {
    std::set<Attribute> attributes;
    std::set<std::string_view> names;
    for (const auto &attribute : spec.attributes) {
      EXPECT_TRUE(attributes.insert(attribute.attribute).second) << spec.name << " " << attribute.name;
      EXPECT_TRUE(names.insert(attribute.name).second) << spec.name << " " << attribute.name;
    }
    EXPECT_EQ(names.contains("comment"), spec.protocol != Protocol::none) << spec.name;
  }
}

TEST(PortName, IsWhatLinuxTakes) {
  for (const auto *name : {"vnet0", "a", "eth0.100", "a23456789012345", "br-\xc3\xa4", "..."})
    EXPECT_TRUE(is_port_name(name)) << name;
  for (const auto *name : {"", ".", "..", "a234567890123456", "a/b", "a:b", "a b", "a\tb"})
    EXPECT_FALSE(is_port_name(name)) << name;
}

} // namespace
} // namespace nwgate
