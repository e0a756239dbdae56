// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/layout.h"

#include "drivers/xtables/restore_text.h"
#include "tests/support/documents.h"

#include <gtest/gtest.h>

namespace nwgate::xtables {
namespace {

using test::bound;
using test::filter_named;

std::optional<PortRuleset> laid_out(const std::string &body, Diagnostics &diagnostics,
                                    const std::string &attributes = "") {
  FilterMap filters;
  filters.add(filter_named("f", body, attributes));
  const auto closed = test::compile(bound("f"), filters, diagnostics);
  return lay_out(closed.value(), "vnet0", {"libvirt"}, diagnostics);
}

std::string chains_of(const std::string &body, const std::string &attributes = "") {
  Diagnostics diagnostics;
  const auto ruleset = laid_out(body, diagnostics, attributes).value();
  std::string names;
  for (const auto &chain : ruleset.chains)
    names += (names.empty() ? "" : " ") + chain.name + "(" + std::to_string(chain.rules.size()) + ")";
  return names;
}

constexpr auto drop_out = "<rule action='drop' direction='out'><mac/></rule>";
constexpr auto drop_tcp = "<rule action='drop' direction='in'><tcp/></rule>";
constexpr auto drop_tcp6 = "<rule action='drop' direction='in'><tcp-ipv6/></rule>";

TEST(ChainNames, AreLibvirts) {
  EXPECT_EQ(bridge_root({"libvirt"}, Direction::out, "vnet0"), "libvirt-I-vnet0");
  EXPECT_EQ(bridge_root({"nwgate"}, Direction::in, "vnet0"), "nwgate-O-vnet0");
  EXPECT_EQ(bridge_sub_chain(Direction::out, "vnet0", "ipv4-ip"), "I-vnet0-ipv4-ip");
  EXPECT_EQ(bridge_sub_chain(Direction::in, "vnet0", "arp"), "O-vnet0-arp");
  EXPECT_EQ(port_chains("vnet0").from_port, "FI-vnet0");
  EXPECT_EQ(port_chains("vnet0").to_port, "FO-vnet0");
  EXPECT_EQ(port_chains("vnet0").to_host, "HI-vnet0");
  const auto shared = shared_chains({"libvirt"});
  EXPECT_EQ(shared.in + " " + shared.out + " " + shared.in_post + " " + shared.host_in,
            "libvirt-in libvirt-out libvirt-in-post libvirt-host-in");
}

TEST(ChainNames, FitTheToolsAtTheirLongest) {
  const std::string port(15, 'p');
  const ChainPrefix prefix{std::string(max_chain_prefix, 'x')};
  EXPECT_LE(bridge_root(prefix, Direction::out, port).size(), 31U);
  EXPECT_LE(bridge_sub_chain(Direction::in, port, std::string(12, 'c')).size(), 31U);
  EXPECT_LE(shared_chains(prefix).host_in.size(), 28U);
}

TEST(Layout, AFilterWithoutRulesHasNoChains) { EXPECT_EQ(chains_of(""), ""); }

TEST(Layout, TheEthernetLayerHasTheDirectionsThatAreUsed) {
  EXPECT_EQ(chains_of(drop_out), "libvirt-I-vnet0(1)");
  EXPECT_EQ(chains_of("<rule action='drop' direction='inout'><mac/></rule>"), "libvirt-I-vnet0(1) libvirt-O-vnet0(1)");
}

TEST(Layout, AnIpLayerHasAllThreeChains) {
  EXPECT_EQ(chains_of(drop_tcp), "FI-vnet0(1) FO-vnet0(1) HI-vnet0(1)");
  EXPECT_EQ(chains_of("<rule action='drop' direction='in'><tcp state='NEW'/></rule>"),
            "FI-vnet0(0) FO-vnet0(1) HI-vnet0(0)");
  EXPECT_EQ(chains_of(std::string(drop_tcp) + drop_tcp6),
            "FI-vnet0(1) FO-vnet0(1) HI-vnet0(1) FI-vnet0(1) FO-vnet0(1) HI-vnet0(1)");
}

TEST(Layout, TargetsStandBeforeTheChainsThatJumpThere) {
  EXPECT_EQ(chains_of("<rule action='drop' direction='inout'><mac/></rule>", "chain='arp'"),
            "I-vnet0-arp(1) O-vnet0-arp(1) libvirt-I-vnet0(1) libvirt-O-vnet0(1)");
}

TEST(Layout, LinksLeadToTheChains) {
  Diagnostics diagnostics;
  const auto ruleset = laid_out(std::string(drop_out) + drop_tcp, diagnostics).value();
  std::string links;
  for (const auto &link : ruleset.links)
    links += link.chain + " ";
  EXPECT_EQ(links, "PREROUTING libvirt-out libvirt-in libvirt-host-in libvirt-in-post ");
  EXPECT_TRUE(ruleset.has(Family::bridge));
  EXPECT_TRUE(ruleset.has(Family::ip));
  EXPECT_FALSE(ruleset.has(Family::ip6));
}

TEST(Layout, ReportsEveryRuleThatCannotBeExpressed) {
  Diagnostics diagnostics;
  EXPECT_FALSE(laid_out("<rule action='return' direction='in'><ip match='no' dscp='1'/></rule>\n"
                        "<rule action='drop' direction='in'><mac/></rule>\n"
                        "<rule action='return' direction='out'><ip match='no' dscp='2'/></rule>",
                        diagnostics));
  EXPECT_EQ(test::joined_ids(diagnostics), "NWG501:2:1 NWG501:4:1");
}

TEST(RestoreText, IsAWholeTable) {
  Diagnostics diagnostics;
  const ChainPrefix prefix{"nwgate"};
  const auto ruleset = laid_out(drop_out, diagnostics).value();
  EXPECT_EQ(to_restore_text(ruleset, prefix), "# ebtables\n"
                                              "*nat\n"
                                              ":PREROUTING ACCEPT\n:OUTPUT ACCEPT\n:POSTROUTING ACCEPT\n"
                                              ":libvirt-I-vnet0 ACCEPT\n"
                                              "-A PREROUTING -i vnet0 -j libvirt-I-vnet0\n"
                                              "-A libvirt-I-vnet0 -j DROP\n");
}

} // namespace
} // namespace nwgate::xtables
