// SPDX-License-Identifier: LGPL-2.1-or-later
// The tables of the ebtables/iptables backend: which copies a rule has, one row a case.
//
// A copy is written `out` or `in` for its chain, `swap` if source and destination are exchanged, then the connection's
// states and direction. libvirt's chains FI and HI are `out`, FO is `in`.

#include "engine/resolve/expand_directions.h"

#include "engine/program/names.h"
#include "tests/support/documents.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace nwgate::test {
namespace {

std::string copies(const std::string &head, const std::string &element) {
  const auto holder = filter_named("f", "<rule " + head + ">" + element + "</rule>");
  std::string text;
  for (const auto &copy : expand_directions(std::get<Rule>(holder.items.at(0)))) {
    text += fmt::format("{}{}{}", text.empty() ? "" : "; ", name_of(copy.direction), copy.swapped ? " swap" : "");
    if (copy.states != 0)
      text += " " + states_to_text(copy.states);
    if (copy.reply)
      text += *copy.reply ? " reply" : " original";
  }
  return text;
}

struct Row {
  std::string head;
  std::string element;
  std::string expected;
};

class Directions : public testing::TestWithParam<Row> {};

TEST_P(Directions, Copies) { EXPECT_EQ(copies(GetParam().head, GetParam().element), GetParam().expected); }

std::string row_name(const testing::TestParamInfo<Row> &info) {
  std::string name;
  for (const char c : info.param.head + "_" + info.param.element)
    if (std::isalnum(static_cast<unsigned char>(c)) != 0)
      name += c;
    else if (!name.ends_with('_'))
      name += '_';
  return name;
}

// 4.1: the ethernet layer has neither states nor answers.
INSTANTIATE_TEST_SUITE_P(Ethernet, Directions,
                         testing::Values(Row{"action='accept' direction='out'", "<ip/>", "out"},
                                         Row{"action='drop' direction='in'", "<arp/>", "in"},
                                         Row{"action='accept' direction='inout'", "<mac/>", "out swap; in"},
                                         Row{"action='return' direction='inout' statematch='0'", "", "out swap; in"}),
                         row_name);

// 4.4: without `state`.
INSTANTIATE_TEST_SUITE_P(
    Accept, Directions,
    testing::Values(
        Row{"action='accept' direction='out'", "<tcp/>", "out new|established original; in swap established reply"},
        Row{"action='accept' direction='in'", "<udp-ipv6/>", "out swap established reply; in new|established original"},
        Row{"action='accept' direction='inout'", "<all/>", "out swap; in"},
        Row{"action='accept' direction='out' statematch='false'", "<tcp/>", "out; in swap"},
        Row{"action='accept' direction='in' statematch='0'", "<tcp/>", "out swap; in"},
        Row{"action='accept' direction='inout' statematch='false'", "<tcp/>", "out swap; in"}),
    row_name);
INSTANTIATE_TEST_SUITE_P(Others, Directions,
                         testing::Values(Row{"action='drop' direction='out'", "<tcp/>", "out; in swap"},
                                         Row{"action='drop' direction='in'", "<tcp/>", "out swap; in"},
                                         Row{"action='drop' direction='inout'", "<tcp/>", "out swap; in"},
                                         Row{"action='reject' direction='in'", "<udp/>", "out swap; in"},
                                         Row{"action='return' direction='out'", "<udp/>", "out; in swap"},
                                         Row{"action='continue' direction='out'", "<udp/>", "out; in swap"}),
                         row_name);

// 4.5: with `state`.
INSTANTIATE_TEST_SUITE_P(
    States, Directions,
    testing::Values(Row{"action='accept' direction='out'", "<tcp state='NEW'/>", "out new"},
                    Row{"action='drop' direction='in'", "<tcp state='INVALID,RELATED'/>", "in related|invalid"},
                    Row{"action='accept' direction='inout'", "<tcp state='NEW,ESTABLISHED'/>",
                        "out swap new|established; in new|established"},
                    Row{"action='accept' direction='in'", "<all state='NONE'/>", "in"},
                    Row{"action='drop' direction='inout'", "<all state='NONE'/>", "out swap; in"},
                    Row{"action='accept' direction='out' statematch='false'", "<tcp state='NEW'/>", "out; in swap"}),
    row_name);

// 4.6: ICMP with a type. `inout` has both copies here, where libvirt has none (docs/differences.md, row 9).
INSTANTIATE_TEST_SUITE_P(
    IcmpType, Directions,
    testing::Values(Row{"action='accept' direction='out'", "<icmp/>",
                        "out new|established original; in swap established reply"},
                    Row{"action='accept' direction='out'", "<icmp type='8'/>", "out new|established"},
                    Row{"action='accept' direction='in'", "<icmpv6 type='128'/>", "in new|established"},
                    Row{"action='accept' direction='out'", "<icmp code='1'/>",
                        "out new|established original; in swap established reply"},
                    Row{"action='drop' direction='out'", "<icmp type='8'/>", "out"},
                    Row{"action='drop' direction='inout'", "<icmp type='8'/>", "out swap; in"},
                    Row{"action='accept' direction='inout'", "<icmpv6 type='128'/>", "out swap; in"},
                    Row{"action='accept' direction='in'", "<icmp type='8' state='NEW'/>", "in new"}),
    row_name);

// 4.7: a limit of connections.
INSTANTIATE_TEST_SUITE_P(
    Connlimit, Directions,
    testing::Values(Row{"action='accept' direction='out'", "<tcp connlimit-above='1'/>", "out"},
                    Row{"action='accept' direction='in'", "<tcp connlimit-above='1'/>", "in"},
                    Row{"action='drop' direction='in'", "<tcp connlimit-above='1'/>", "in"},
                    Row{"action='drop' direction='inout'", "<tcp connlimit-above='1'/>", "in"},
                    Row{"action='accept' direction='in'", "<tcp connlimit-above='1' state='NEW'/>", "in"},
                    Row{"action='drop' direction='in'", "<tcp connlimit-above='1' state='NEW'/>", "in new"},
                    Row{"action='reject' direction='out'", "<tcp connlimit-above='1' state='NEW'/>", "out new"}),
    row_name);

} // namespace
} // namespace nwgate::test
