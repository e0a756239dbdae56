// SPDX-License-Identifier: LGPL-2.1-or-later
/// What is refused, and that all of it is.
#include "drivers/bpf/cgroup_program.h"

#include "tests/unit/drivers/bpf/support.h"

#include <gmock/gmock.h>

namespace nwgate::bpf {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

std::vector<Refusal> refusals(const std::string &layer, const std::string &rules) {
  const auto program = testing::program_of("chain " + layer + " out \"root\" 0 end return\n" + rules);
  auto compiled = compile(program, Direction::out);
  auto *found = std::get_if<std::vector<Refusal>>(&compiled);
  return found == nullptr ? std::vector<Refusal>() : *found;
}

std::string reason(const std::string &layer, const std::string &match) {
  const auto found = refusals(layer, "  " + match + ", accept\n");
  return found.empty() ? "" : found.front().reason;
}

TEST(Refusals, fields_that_are_not_there) {
  EXPECT_THAT(reason("ipv4", "ct.state new"), StartsWith("ct.state: connections"));
  EXPECT_THAT(reason("ipv6", "ct.direction reply"), StartsWith("ct.direction: connections"));
  EXPECT_THAT(reason("ipv4", "ct.count 3"), StartsWith("ct.count: connections"));
  EXPECT_THAT(reason("ipv4", "set.lookup \"a\"/\"src\""), StartsWith("set.lookup: IP sets"));
  EXPECT_THAT(reason("ipv4", "tcp.option 3"), StartsWith("tcp.option: options"));
  for (const auto *match : {"ether.src 52:54:00:00:00:01", "ether.dst 52:54:00:00:00:01/ff:ff:ff:00:00:00", "vlan.id 3",
                            "stp.type 0", "arp.op 1", "arp.spa 10.0.0.1"})
    EXPECT_THAT(reason("ethernet", match), HasSubstr("no header in front of that of IP")) << match;
  EXPECT_THAT(reason("ipv4", "ether.src 52:54:00:00:00:01"), HasSubstr("no header in front"));
}

TEST(Refusals, types_other_than_ip) {
  EXPECT_THAT(reason("ethernet", "ether.type 0x0806"), StartsWith("ether.type 0x0806: "));
  EXPECT_EQ(reason("ethernet", "not ether.type 0x0806"), "");
  EXPECT_EQ(reason("ethernet", "ether.type 0x86dd"), "");
}

TEST(Refusals, fields_of_another_layer) {
  EXPECT_EQ(reason("ipv4", "ip6.saddr fd00::1"), "ip6.saddr: no field of this layer");
  EXPECT_EQ(reason("ethernet", "tcp.flags syn"), "tcp.flags: no field of this layer");
  EXPECT_EQ(reason("ipv6", "icmp.type 3"), "icmp.type: no field of this layer");
}

TEST(Refusals, verdict_reject) {
  const auto found = refusals("ipv4", "  th.dport 80, reject\n");
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_THAT(found[0].reason, StartsWith("reject: "));
}

TEST(Refusals, each_rule_is_told_with_its_place) {
  const auto found = refusals("ipv4", "  ct.state new, accept @ \"a.xml\":3:5 in \"a\"\n"
                                      "  th.dport 80, accept @ \"a.xml\":4:5 in \"a\"\n"
                                      "  ct.count 3, ct.state new, drop @ \"b.xml\":5:5 in \"b\"\n");
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_EQ(found[0].origin->where.to_string(), "a.xml:3:5");
  EXPECT_EQ(found[1].origin->where.to_string(), "b.xml:5:5");
}

TEST(Refusals, other_direction_is_not_looked_at) {
  const auto program = testing::program_of("chain ipv4 in \"root\" 0 end return\n  ct.state new, accept\n");
  EXPECT_TRUE(std::holds_alternative<CgroupProgram>(compile(program, Direction::out)));
  EXPECT_FALSE(std::holds_alternative<CgroupProgram>(compile(program, Direction::in)));
}

TEST(Refusals, jumps_to_chains_of_other_types_are_none) {
  const auto program = testing::program_of("chain ethernet out \"root\" 0 end accept\n"
                                           "  ether.type 0x0806, jump \"arp\"\n"
                                           "chain ethernet out \"arp\" -500 end return\n");
  EXPECT_TRUE(std::holds_alternative<CgroupProgram>(compile(program, Direction::out)));
}

} // namespace
} // namespace nwgate::bpf
