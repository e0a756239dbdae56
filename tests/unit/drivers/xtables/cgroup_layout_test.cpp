// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/cgroup_layout.h"

#include "drivers/xtables/codec.h"
#include "drivers/xtables/restore_text.h"
#include "tests/support/documents.h"

#include <algorithm>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <set>

namespace nwgate::xtables {
namespace {

const CgroupPlace service{"/a.slice/b", 42};

ClosedProgram program_of(const std::vector<Filter> &filters_in) {
  FilterMap filters;
  for (const auto &filter : filters_in)
    filters.add(filter);
  Diagnostics diagnostics;
  return test::compile(test::bound("f"), filters, diagnostics).value();
}
ClosedProgram program_of(const std::string &body) { return program_of({test::filter_named("f", body)}); }

std::vector<std::string> lines_of(const PortRuleset &ruleset, Family family) {
  std::vector<std::string> lines;
  for (const auto &link : ruleset.links)
    if (link.family == family)
      lines.push_back(fmt::format("{} {}", link.chain, to_save_text(link.rule, family)));
  for (const auto &chain : ruleset.chains)
    if (chain.family == family)
      for (const auto &placed : chain.rules)
        lines.push_back(fmt::format("{} {}", chain.name, to_save_text(placed.rule, family)));
  return lines;
}

/// The rules behind the links.
std::vector<std::string> rules_of(const ClosedProgram &program, Family family = Family::ip,
                                  const CgroupPlace &place = service) {
  Diagnostics diagnostics;
  auto lines = lines_of(lay_out_cgroup(program, place, diagnostics).value(), family);
  std::erase_if(lines, [](const std::string &line) { return line.starts_with("OUTPUT") || line.starts_with("INPUT"); });
  return lines;
}
using Lines = std::vector<std::string>;

std::string refusals(const std::string &body) {
  Diagnostics diagnostics;
  EXPECT_FALSE(lay_out_cgroup(program_of(body), service, diagnostics));
  return test::joined_ids(diagnostics);
}

TEST(CgroupLayout, LinksAreAsIptablesWritesThem) {
  Diagnostics diagnostics;
  const auto nothing = program_of("");
  for (const auto family : {Family::ip, Family::ip6})
    EXPECT_EQ(
        lines_of(lay_out_cgroup(nothing, service, diagnostics).value(), family),
        (Lines{"OUTPUT -m cgroup --path \"a.slice/b\" -j CO-42", "INPUT -m cgroup --path \"a.slice/b\" -j CI-42"}));
  EXPECT_EQ(lines_of(lay_out_cgroup(nothing, {"/", 1}, diagnostics).value(), Family::ip),
            (Lines{"OUTPUT -m cgroup --path \"/\" -j CO-1", "INPUT -m cgroup --path \"/\" -j CI-1"}));
  // By a class id the kernel finds only what is sent.
  EXPECT_EQ(lines_of(lay_out_cgroup(nothing, {"", 0x100001}, diagnostics).value(), Family::ip6),
            (Lines{"OUTPUT -m cgroup --cgroup 1048577 -j CO-0x100001"}));
}

TEST(CgroupLayout, OwnersAreNeitherPortsNorEachOthers) {
  EXPECT_EQ(cgroup_owner(false, 42), "cgroup:42");
  EXPECT_EQ(cgroup_owner(true, 42), "cgroup:0x2a");
  EXPECT_TRUE(is_cgroup_owner("cgroup:42"));
  EXPECT_FALSE(is_cgroup_owner("vnet0"));
  EXPECT_FALSE(is_cgroup_owner(""));
}

TEST(CgroupLayout, WhatIsAcceptedReturnsAndWhatIsDeniedEnds) {
  const auto program =
      program_of("<rule action='accept' direction='out' statematch='false'><tcp dstportstart='80'/></rule>"
                 "<rule action='reject' direction='out'><udp state='NEW'/></rule>"
                 "<rule action='drop' direction='inout'><all-ipv6 srcipaddr='fd00::1'/></rule>");
  EXPECT_EQ(rules_of(program),
            (Lines{"CO-42 -p tcp -m tcp --dport 80 -j RETURN",
                   "CO-42 -p udp -m conntrack --ctstate NEW -j REJECT --reject-with icmp-port-unreachable",
                   "CI-42 -p tcp -m tcp --sport 80 -j RETURN"}));
  EXPECT_EQ(rules_of(program, Family::ip6), (Lines{"CO-42 -d fd00::1/128 -j DROP", "CI-42 -s fd00::1/128 -j DROP"}));
}

TEST(CgroupLayout, RulesOfIpElementsGoToTheirFamily) {
  const auto program = program_of(
      "<rule action='drop' direction='out'><ip dstipaddr='10.0.0.0' dstipmask='8' protocol='udp' dstportstart='53' "
      "dstportend='54' dscp='3'/></rule>"
      "<rule action='accept' direction='out'><ipv6 protocol='tcp' srcportstart='9'/></rule>"
      "<rule action='drop' direction='out'><mac protocolid='ipv4'/></rule>"
      "<rule action='drop' direction='out'/>");
  EXPECT_EQ(rules_of(program), (Lines{"CO-42 -d 10.0.0.0/8 -p udp -m udp --dport 53:54 -m dscp --dscp 0x03 -j DROP",
                                      "CO-42 -j DROP", "CO-42 -j DROP"}));
  EXPECT_EQ(rules_of(program, Family::ip6), (Lines{"CO-42 -p tcp -m tcp --sport 9 -j RETURN", "CO-42 -j DROP"}));
}

TEST(CgroupLayout, BothLayersMustAccept) {
  const auto program = program_of("<rule action='accept' direction='out'><ip protocol='tcp'/></rule>"
                                  "<rule action='drop' direction='out'><ip/></rule>"
                                  "<rule action='drop' direction='out'><tcp state='NEW' dstportstart='25'/></rule>");
  EXPECT_EQ(rules_of(program), (Lines{"CO-42-eth -p tcp -j RETURN", "CO-42-eth -j DROP", "CO-42 -j CO-42-eth",
                                      "CO-42 -p tcp -m tcp --dport 25 -m conntrack --ctstate NEW -j DROP"}));
}

TEST(CgroupLayout, WhatASubChainAcceptsIsAcceptedForTheLayer) {
  const auto top = test::filter_named("f", "<filterref filter='sub'/>"
                                           "<rule action='drop' direction='out'><ip protocol='udp'/></rule>");
  const auto accepting = test::filter_named(
      "sub", "<rule action='accept' direction='out'><ip dstipaddr='10.0.0.1'/></rule>", "chain='ipv4-mine'");
  EXPECT_EQ(rules_of(program_of({top, accepting})),
            (Lines{"CO-42-ipv4-mine -d 10.0.0.1/32 -j RETURN", "CO-42 -g CO-42-ipv4-mine", "CO-42 -p udp -j DROP"}));
}

TEST(CgroupLayout, WhatASubChainReturnsMeetsTheRestOfItsCaller) {
  const auto top = test::filter_named("f", "<filterref filter='one'/><filterref filter='two'/>"
                                           "<rule action='drop' direction='out' priority='500'><ip/></rule>");
  const auto one =
      test::filter_named("one", "<rule action='return' direction='out'><ip protocol='udp'/></rule>", "chain='ipv4-a'");
  const auto two = test::filter_named("two",
                                      "<rule action='return' direction='out'><ip protocol='tcp'/></rule>"
                                      "<rule action='drop' direction='out'><ip dstipaddr='10.0.0.1'/></rule>",
                                      "chain='ipv4-b'");
  EXPECT_EQ(rules_of(program_of({top, one, two})),
            (Lines{"CO-42-p3 -j DROP", "CO-42-ipv4-b -p tcp -g CO-42-p3", "CO-42-ipv4-b -d 10.0.0.1/32 -j DROP",
                   "CO-42-p2 -g CO-42-ipv4-b", "CO-42-p2 -g CO-42-p3", "CO-42-ipv4-a -p udp -g CO-42-p2",
                   "CO-42 -g CO-42-ipv4-a", "CO-42 -g CO-42-p2"}));
  EXPECT_EQ(rules_of(program_of({top, one, two}), Family::ip6), Lines{});
}

TEST(CgroupLayout, NamesFitIptables) {
  const auto top = test::filter_named("f", "<filterref filter='one'/><filterref filter='two'/>");
  const auto one =
      test::filter_named("one", "<rule action='return' direction='out'><ip/></rule>", "chain='ipv4-1234567'");
  const auto two =
      test::filter_named("two", "<rule action='return' direction='out'><ip/></rule>", "chain='ipv4-1234568'");
  Diagnostics diagnostics;
  for (const std::uint64_t id : {std::uint64_t{999'999'999'999}, ~std::uint64_t{0}}) {
    const auto ruleset = lay_out_cgroup(program_of({top, one, two}), {"/a", id}, diagnostics).value();
    std::set<std::pair<Family, std::string>> names;
    for (const auto &chain : ruleset.chains) {
      EXPECT_LE(chain.name.size(), 28U) << chain.name;
      EXPECT_TRUE(names.emplace(chain.family, chain.name).second) << chain.name;
    }
    EXPECT_TRUE(names.contains({Family::ip, fmt::format("CO-{}", id)}));
  }
}

TEST(CgroupLayout, TargetsStandBeforeTheChainsThatLeadThere) {
  const auto top =
      test::filter_named("f", "<filterref filter='one'/><rule action='drop' direction='out'><tcp/></rule>");
  const auto one = test::filter_named("one", "<rule action='return' direction='out'><ip/></rule>", "chain='ipv4'");
  Diagnostics diagnostics;
  const auto ruleset = lay_out_cgroup(program_of({top, one}), service, diagnostics).value();
  std::set<std::pair<Family, std::string>> seen;
  for (const auto &chain : ruleset.chains) {
    for (const auto &placed : chain.rules)
      if (const auto *jump = std::get_if<Jump>(&placed.rule.target)) {
        EXPECT_TRUE(seen.contains({chain.family, jump->chain})) << chain.name << " to " << jump->chain;
      }
    seen.emplace(chain.family, chain.name);
  }
}

TEST(CgroupLayout, RangesOfTypesBecomeARuleForEach) {
  const auto rule = [](const std::string &attributes) {
    return "<rule action='drop' direction='out'><ipv6 protocol='icmpv6' " + attributes + "/></rule>";
  };
  EXPECT_EQ(rules_of(program_of(rule("type='128' typeend='129'")), Family::ip6),
            (Lines{"CO-42 -p ipv6-icmp -m icmp6 --icmpv6-type 128 -j DROP",
                   "CO-42 -p ipv6-icmp -m icmp6 --icmpv6-type 129 -j DROP"}));
  EXPECT_EQ(rules_of(program_of(rule("type='1' code='3' codeend='4'")), Family::ip6),
            (Lines{"CO-42 -p ipv6-icmp -m icmp6 --icmpv6-type 1/3 -j DROP",
                   "CO-42 -p ipv6-icmp -m icmp6 --icmpv6-type 1/4 -j DROP"}));
  EXPECT_EQ(refusals(rule("type='0' typeend='200'")), "NWG501:2:1");
}

TEST(CgroupLayout, RefusesWhatIptablesCannotSayOnceARule) {
  EXPECT_EQ(refusals("<rule action='drop' direction='inout'><ip protocol='33' dstportstart='5'/></rule>"),
            "NWG501:2:1");
}

TEST(CgroupLayout, SetsAndLimitsOfConnections) {
  EXPECT_EQ(rules_of(program_of("<rule action='drop' direction='out'><all ipset='s' ipsetflags='dst'/></rule>"
                                "<rule action='drop' direction='out'><tcp connlimit-above='2'/></rule>"))
                .front(),
            "CO-42 -m set --match-set s dst -j DROP");
}

TEST(CgroupLayout, TheTextForRestoreHasNoChainsOfPorts) {
  Diagnostics diagnostics;
  const auto text = to_restore_text(lay_out_cgroup(program_of(""), service, diagnostics).value(), {});
  EXPECT_EQ(text.find("nwgate"), std::string::npos) << text;
  EXPECT_NE(text.find(":CO-42 - [0:0]\n"), std::string::npos) << text;
}

} // namespace
} // namespace nwgate::xtables
