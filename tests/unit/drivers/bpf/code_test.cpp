// SPDX-License-Identifier: LGPL-2.1-or-later
/// The code of a few rules, instruction by instruction: what a change of the compiler changes is seen here. What it
/// means is for tests/kernel/bpf.
#include "drivers/bpf/cgroup_program.h"
#include "drivers/bpf/disassembly.h"

#include "tests/unit/drivers/bpf/support.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace nwgate::bpf {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

CgroupProgram code_of(const std::string &rules, const CompileLimits &limits = {}) {
  auto compiled =
      compile(testing::program_of("chain ipv4 out \"root\" 0 end return\n" + rules), Direction::out, limits);
  EXPECT_TRUE(std::holds_alternative<CgroupProgram>(compiled));
  return std::holds_alternative<CgroupProgram>(compiled) ? std::get<CgroupProgram>(std::move(compiled))
                                                         : CgroupProgram();
}

std::string text_of(const std::string &rules, const CompileLimits &limits = {}) {
  return disassemble(code_of(rules, limits).code);
}

TEST(Code, whole_program_of_one_rule) {
  EXPECT_EQ(text_of("  ip.daddr 10.0.0.0/8, drop\n"), R"(0: r6 = r1
1: r7 = *(u32 *)(r6 + 0)
2: r1 = *(u32 *)(r6 + 16)
3: if r1 == 0xdd86 goto 32
4: if r1 != 0x8 goto 55
5: r9 = 0x0
6: r4 = 0x14
7: r1 = r6
8: r2 = r9
9: r3 = r10
10: r3 += 0xffffffd8
11: call skb_load_bytes
12: if r0 != 0x0 goto 55
13: r1 = *(u8 *)(r10 - 40)
14: r1 >>= 0x4
15: if r1 != 0x4 goto 55
16: r9 = *(u8 *)(r10 - 40)
17: r9 &= 0xf
18: r9 <<= 0x2
19: if r9 < 0x14 goto 55
20: r8 = *(u16 *)(r10 - 38)
21: r8 = be16 r8
22: if r8 != 0x0 goto 25
23: if r7 <= 0xffff goto 25
24: r8 = r7
25: if r8 > r7 goto 55
26: if r8 < r9 goto 55
27: r1 = *(u32 *)(r10 - 24)
28: w1 &= 0xff
29: if w1 != 0xa goto 31
30: goto 55
31: goto 52
32: r9 = 0x0
33: r4 = 0x28
34: r1 = r6
35: r2 = r9
36: r3 = r10
37: r3 += 0xffffffd8
38: call skb_load_bytes
39: if r0 != 0x0 goto 55
40: r1 = *(u8 *)(r10 - 40)
41: r1 >>= 0x4
42: if r1 != 0x6 goto 55
43: r1 = *(u16 *)(r10 - 36)
44: r1 = be16 r1
45: r8 = r1
46: r8 += 0x28
47: if r1 != 0x0 goto 50
48: if r7 <= 0x10027 goto 50
49: r8 = r7
50: if r8 > r7 goto 55
51: goto 52
52: r9 = 0x1
53: *(u32 *)(r10 - 108) = 0
54: goto 57
55: r9 = 0x0
56: *(u32 *)(r10 - 108) = 1
57: r1 = map 0
59: r2 = r10
60: r2 += 0xffffff94
61: call map_lookup_elem
62: if r0 == 0x0 goto 66
63: r1 = 0x1
64: lock *(u64 *)(r0 + 0) += r1
65: lock *(u64 *)(r0 + 8) += r7
66: r0 = r9
67: exit
)");
}

TEST(Code, nothing_is_read_that_no_rule_looks_at) {
  const auto calls = [](const std::string &rules) {
    const auto text = text_of(rules);
    std::size_t count = 0;
    for (auto at = text.find("call skb_load_bytes"); at != std::string::npos; at = text.find("call skb", at + 1))
      ++count;
    return count;
  };
  EXPECT_EQ(calls("  ip.daddr 10.0.0.0/8, drop\n"), 2U) << "the headers of IPv4 and IPv6";
  EXPECT_EQ(calls("  th.dport 80, drop\n"), 3U);
}

TEST(Code, first_matches_that_are_equal_are_asked_for_once) {
  const auto text = text_of("  ip.protocol 6, ip.saddr 10.0.0.1, th.dport 80, accept\n"
                            "  ip.protocol 6, ip.saddr 10.0.0.2, th.dport 81, accept\n");
  const auto first = text.find("if w1 != 0x6 goto");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(text.find("if w1 != 0x6 goto", first + 1), std::string::npos);
}

TEST(Code, long_lists_are_lookups) {
  std::string rules;
  for (int i = 0; i < 1000; ++i)
    rules += fmt::format("  ip.saddr 10.{}.{}.0/24, accept\n", i / 128, i % 128 * 2);
  const auto program = code_of(rules + "  drop\n");
  ASSERT_EQ(program.maps.size(), 1U);
  EXPECT_EQ(program.maps[0].version, IpVersion::v4);
  EXPECT_EQ(program.maps[0].prefixes.size(), 1000U);
  EXPECT_LT(program.code.size(), 150U);
  const auto text = disassemble(program.code);
  EXPECT_THAT(text, HasSubstr("r1 = map 0"));
  EXPECT_THAT(text, HasSubstr("r1 = map 1")) << "the counters";
  EXPECT_THAT(text, Not(HasSubstr("map 2")));
}

TEST(Code, equal_lists_are_one_map) {
  CompileLimits limits;
  limits.lookup_from = {2, 2};
  const auto program = code_of("  ip.saddr 10.0.0.1, th.dport 80, accept\n"
                               "  ip.saddr 10.0.0.2, th.dport 80, accept\n"
                               "  ip.saddr 10.0.0.1, th.dport 90, drop\n"
                               "  ip.saddr 10.0.0.2, th.dport 90, drop\n",
                               limits);
  EXPECT_EQ(program.maps.size(), 1U);
}

TEST(Code, what_is_behind_a_rule_without_matches_is_left_out) {
  EXPECT_EQ(text_of("  drop\n  ip.saddr 10.0.0.1, accept\n"), text_of("  drop\n"));
}

} // namespace
} // namespace nwgate::bpf
