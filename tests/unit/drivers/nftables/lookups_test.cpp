// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/nftables/lookups.h"

#include "tests/unit/drivers/nftables/support.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <set>

namespace nwgate::nftables {
namespace {

using testing::program_of;
using testing::rule;

/// Each lookup of the rules that leave the port: `NAME`, `!NAME` if it is negated, with `=1` behind it if it needs
/// single values, and how many matches it stands for; `written out`, `private`.
std::string lookups_of(const std::string &body, Layer layer = Layer::ipv4) {
  const auto program = program_of(body);
  const auto found = find_lookups(program);
  EXPECT_EQ(found.chains.size(), program.chains.size());
  std::string text;
  for (std::size_t c = 0; c < program.chains.size(); ++c) {
    const auto &chain = program.chains[c];
    EXPECT_EQ(found.chains[c].size(), chain.rules.size());
    if (chain.layer != layer || chain.direction != Direction::out)
      continue;
    for (const auto &plan : found.chains[c]) {
      std::string line = plan.spelled_out ? "written out" : "";
      const auto add = [&](const std::string &part) { line += (line.empty() ? "" : ", ") + part; };
      if (plan.is_private)
        add("private");
      for (const auto &lookup : plan.lookups)
        add(fmt::format("{}{}{} ({})", lookup.negated ? "!" : "", found.lookups[lookup.lookup].name(),
                        lookup.is_single ? "=1" : "", lookup.matches.size()));
      text += (text.empty() ? "" : "; ") + (line.empty() ? "nothing" : line);
    }
  }
  return text;
}

std::string of_rule(const std::string &element, Layer layer = Layer::ipv4) { return lookups_of(rule(element), layer); }

TEST(FindLookups, LiteralsNeedNone) { EXPECT_EQ(of_rule("<udp dstportstart='7'/>"), "nothing"); }

TEST(FindLookups, AVariableIsASet) {
  EXPECT_EQ(of_rule("<udp srcipaddr='$IP'/>"), "IP.ipv4 (1)");
  EXPECT_EQ(of_rule("<udp-ipv6 srcipaddr='$IP'/>", Layer::ipv6), "IP.ipv6 (1)");
  EXPECT_EQ(of_rule("<udp dscp='$D'/>"), "D.dscp (1)");
  EXPECT_EQ(of_rule("<udp-ipv6 dscp='$D'/>", Layer::ipv6), "D.dscp6 (1)");
  EXPECT_EQ(of_rule("<mac srcmacaddr='$MAC'/>", Layer::ethernet), "MAC.mac (1)");
  EXPECT_EQ(of_rule("<arp opcode='$OP' arpsrcipaddr='$IP[@1]'/>", Layer::ethernet), "OP.u16 (1), IP_1.ipv4 (1)");
  EXPECT_EQ(of_rule("<ip protocol='$P'/>", Layer::ethernet), "P.u8 (1)");
}

TEST(FindLookups, RulesShareASet) {
  EXPECT_EQ(find_lookups(program_of(rule("<udp srcipaddr='$IP'/>") + rule("<tcp srcipaddr='$IP'/>") +
                                    rule("<tcp dstipaddr='$IP'/>")))
                .lookups.size(),
            1U);
}

TEST(FindLookups, OneIteratorIsATuple) {
  EXPECT_EQ(of_rule("<udp srcipaddr='$A' dstportstart='$B'/>"), "A.B.ipv4.u16 (2)");
  EXPECT_EQ(of_rule("<udp srcipaddr='$A[@1]' dstportstart='$B[@1]'/>"), "A_1.B_1.ipv4.u16 (2)");
}

TEST(FindLookups, SeveralIteratorsAreSeveralSets) {
  EXPECT_EQ(of_rule("<udp srcipaddr='$A[@1]' dstportstart='$B[@2]'/>"), "A_1.ipv4 (1), B_2.u16 (1)");
  EXPECT_EQ(of_rule("<udp srcipaddr='$A[2]' dstportstart='$B'/>"), "A_e2.ipv4 (1), B.u16 (1)");
}

TEST(FindLookups, AMatchTiesTheSlotsThatItUses) {
  EXPECT_EQ(of_rule("<udp srcipaddr='$A' srcipmask='$M[@1]' dstportstart='$B[@1]'/>"), "A.M_1.B_1.ipv4-var.u16 (2)");
}

TEST(FindLookups, RangesAndMasks) {
  EXPECT_EQ(of_rule("<udp srcipaddr='$A' srcipmask='24'/>"), "A.ipv4-24 (1)");
  EXPECT_EQ(of_rule("<udp srcipaddr='$A' srcipmask='$M'/>"), "A.M.ipv4-var (1)");
  EXPECT_EQ(of_rule("<udp srcipfrom='$A' srcipto='$B'/>"), "A.B.ipv4-range (1)");
  EXPECT_EQ(of_rule("<udp dstportstart='$A' dstportend='99'/>"), "A.u16-range (1)");
  EXPECT_EQ(of_rule("<mac srcmacaddr='$MAC' srcmacmask='ff:ff:ff:00:00:00'/>", Layer::ethernet),
            "MAC.mac-ffffff000000 (1)");
}

TEST(FindLookups, NegationLooksUpEachMatchAndWantsSingleValues) {
  EXPECT_EQ(of_rule("<udp match='no' srcipaddr='$A'/>"), "!A.ipv4=1 (1)");
  EXPECT_EQ(of_rule("<udp match='no' srcipaddr='$A' dstipaddr='$B[@1]'/>"), "!A.ipv4=1 (1), !B_1.ipv4=1 (1)");
  EXPECT_EQ(of_rule("<udp match='no' srcipaddr='$A' dstipaddr='$B'/>"), "!A.B.ipv4=1 (1), !A.B.ipv4.2=1 (1)")
      << "a tuple of two elements, of which each set has one";
  EXPECT_EQ(lookups_of("<rule action='drop' direction='out'><udp match='no' srcipaddr='$A'/>"
                       "<udp dstportstart='$B' dstipaddr='$C[@1]'/></rule>"),
            "C_1.ipv4 (1), !A.B.ipv4=1 (1), A.B.u16=1 (1)")
      << "the same iterator; the other one is free";
}

TEST(FindLookups, WhatCannotBeLookedUpIsWrittenOut) {
  EXPECT_EQ(of_rule("<icmp type='$T'/>"), "written out");
  EXPECT_EQ(of_rule("<udp srcipaddr='$IP' comment='$C'/>"), "IP.ipv4 (1)") << "a comment is no match";
  EXPECT_EQ(of_rule("<mac srcmacaddr='$MAC' srcmacmask='$MASK'/>", Layer::ethernet), "written out");
  EXPECT_EQ(of_rule("<all srcipaddr='$IP' ipset='$S' ipsetflags='src'/>"), "written out") << "one slot: a tuple";
  EXPECT_EQ(of_rule("<all srcipaddr='$IP[@1]' ipset='$S' ipsetflags='src'/>"), "written out") << "one of two is enough";
  EXPECT_EQ(of_rule("<ipv6 srcipaddr='$IP' protocol='$P'/>", Layer::ethernet), "written out");
}

TEST(FindLookups, MatchesThatDropWhatTheyCannotReadKeepTheirPlace) {
  EXPECT_EQ(of_rule("<sctp dstportstart='$P'/>"), "P.u16 (1)");
  EXPECT_EQ(of_rule("<sctp srcipaddr='$A[@1]' dstportstart='$P'/>"), "A_1.ipv4 (1), P.u16 (1)");
  EXPECT_EQ(of_rule("<sctp srcipaddr='$A' dstportstart='$P'/>"), "written out");
  EXPECT_EQ(of_rule("<tcp srcipaddr='$A' dstportstart='$P'/>"), "A.P.ipv4.u16 (2)");
  EXPECT_EQ(of_rule("<tcp dstportstart='$P' option='3'/>"), "written out");
  EXPECT_EQ(of_rule("<tcp srcipaddr='$A' dstportstart='80' option='3'/>"), "A.ipv4 (1)");
}

TEST(FindLookups, ConnectionsAreCountedForEachPort) {
  EXPECT_EQ(of_rule("<tcp connlimit-above='3'/>"), "private");
  EXPECT_EQ(of_rule("<tcp srcipaddr='$IP' connlimit-above='3'/>"), "private, IP.ipv4 (1)");
  EXPECT_EQ(of_rule("<tcp connlimit-above='$N'/>"), "written out, private");
}

TEST(FindLookups, AKeyHasToFitTheRegisters) {
  EXPECT_EQ(of_rule("<udp-ipv6 srcipaddr='$A' dstipaddr='$B' srcportstart='$C' dstportstart='$D'/>", Layer::ipv6),
            "A.B.C.D.ipv6.ipv6.u16.u16 (4)");
  EXPECT_EQ(of_rule("<ipv6 srcmacaddr='$E' srcipaddr='$A' dstipaddr='$B'/>", Layer::ethernet),
            "E.A.B.mac.ipv6.ipv6 (3)");
  EXPECT_EQ(of_rule("<ipv6 srcmacaddr='$E' dstmacaddr='$F' srcipaddr='$A' dstipaddr='$B'/>", Layer::ethernet),
            "written out");
}

/// Every set has a name of its own: what differs in anything is not the same set.
TEST(FindLookups, DifferentSetsHaveDifferentNames) {
  const auto names = [](const std::string &body) {
    std::multiset<std::string> all;
    const auto found = find_lookups(program_of(body));
    for (const auto &lookup : found.lookups)
      all.insert(lookup.name());
    const std::set<std::string> once(all.begin(), all.end());
    EXPECT_EQ(all.size(), once.size()) << fmt::format("{}", fmt::join(all, " "));
    return found.lookups.size();
  };
  EXPECT_EQ(names(rule("<udp srcipfrom='10.0.0.1' srcipto='$B'/>") + rule("<udp srcipfrom='10.0.0.5' srcipto='$B'/>")),
            2U);
  EXPECT_EQ(names(rule("<udp srcipfrom='$A' srcipto='10.0.0.1'/>") + rule("<udp srcipfrom='$A' srcipto='10.0.0.5'/>")),
            2U);
  EXPECT_EQ(names(rule("<udp match='no' srcipaddr='$A' dstipaddr='$B'/>")), 2U);
  EXPECT_EQ(names(rule("<udp srcipaddr='$A_2'/>") + rule("<udp srcipaddr='$A[@2]'/>")), 2U);
  EXPECT_EQ(names(rule("<udp srcipaddr='$A_e2'/>") + rule("<udp srcipaddr='$A[2]'/>")), 2U);
  EXPECT_GE(names(rule("<udp srcipaddr='$A' dstipaddr='$B'/>") + rule("<udp srcipaddr='$B' dstipaddr='$A'/>")), 2U);
  EXPECT_EQ(
      names(rule("<udp srcipaddr='10.1.2.3' srcipmask='$M'/>") + rule("<udp srcipaddr='10.1.2.4' srcipmask='$M'/>")),
      2U);
}

TEST(FindLookups, DefaultsOfIncludesMakeSetsOfTheirOwn) {
  FilterMap filters;
  filters.add(test::filter_named("f", "<filterref filter='s'><parameter name='P' value='1'/></filterref>"
                                      "<filterref filter='s'><parameter name='P' value='2'/></filterref>"));
  filters.add(test::filter_named("s", rule("<udp dstportstart='$P'/>")));
  const auto found = find_lookups(test::program_of(filters, "f"));
  ASSERT_EQ(found.lookups.size(), 2U);
  EXPECT_NE(found.lookups[0].name(), found.lookups[1].name());
}

} // namespace
} // namespace nwgate::nftables
