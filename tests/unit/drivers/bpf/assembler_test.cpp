// SPDX-License-Identifier: LGPL-2.1-or-later
/// Instructions, by their words; labels and jumps.
#include "drivers/bpf/assembler.h"
#include "drivers/bpf/disassembly.h"

#include <array>
#include <gtest/gtest.h>
#include <stdexcept>

namespace nwgate::bpf {
namespace {

TEST(Assembler, instructions_in_words) {
  Assembler out;
  out.move(Reg::r6, Reg::r1);
  out.move(Reg::r2, -1);
  out.move64(Reg::r3, 0x0102030405060708);
  out.load(Size::u16, Reg::r1, Reg::r10, -40);
  out.store(Size::u32, Reg::r10, -8, Reg::r1);
  out.store(Size::u8, Reg::r10, -1, 7);
  out.alu(Alu::add, Reg::r3, -64);
  out.alu32(Alu::bit_and, Reg::r1, 0xffffff00);
  out.from_network(Reg::r1, 16);
  out.load_map(Reg::r1, 3);
  out.call(Helper::map_lookup_elem);
  out.atomic_add(Reg::r0, 8, Reg::r7);
  out.exit();
  EXPECT_EQ(disassemble(out.take()), R"(0: r6 = r1
1: r2 = 0xffffffff
2: r3 = 0x102030405060708 ll
4: r1 = *(u16 *)(r10 - 40)
5: *(u32 *)(r10 - 8) = r1
6: *(u8 *)(r10 - 1) = 7
7: r3 += 0xffffffc0
8: w1 &= 0xffffff00
9: r1 = be16 r1
10: r1 = map 3
12: call map_lookup_elem
13: lock *(u64 *)(r0 + 8) += r7
14: exit
)");
}

TEST(Assembler, jumps_lead_to_their_labels) {
  Assembler out;
  const auto end = out.label();
  const auto middle = out.label();
  out.jump_if(Compare::equal, Reg::r1, 6, middle);
  out.jump_if32(Compare::greater, Reg::r1, 0xffff, end);
  out.jump_if(Compare::less, Reg::r1, Reg::r2, end);
  out.bind(middle);
  out.move(Reg::r0, 0);
  out.bind(end);
  out.exit();
  EXPECT_EQ(disassemble(out.take()), R"(0: if r1 == 0x6 goto 3
1: if w1 > 0xffff goto 4
2: if r1 < r2 goto 4
3: r0 = 0x0
4: exit
)");
}

TEST(Assembler, what_nothing_leads_to_is_not_written) {
  Assembler out;
  const auto end = out.label();
  const auto nobody = out.label();
  out.jump(end);
  EXPECT_FALSE(out.is_reachable());
  out.move(Reg::r0, 5);
  out.jump_if(Compare::equal, Reg::r0, 1, nobody);
  out.bind(nobody);
  EXPECT_FALSE(out.is_reachable());
  out.bind(end);
  EXPECT_TRUE(out.is_reachable());
  out.exit();
  EXPECT_EQ(disassemble(out.take()), "0: goto 1\n1: exit\n");
}

TEST(Assembler, far_jumps_are_led_on) {
  Assembler out;
  const auto end = out.label();
  out.jump_if(Compare::equal, Reg::r1, 0, end);
  for (int i = 0; i < 100'000; ++i) {
    out.move(Reg::r0, i);
    out.allow_relay();
  }
  out.bind(end);
  out.exit();
  const auto code = out.take();
  std::size_t at = 0;
  int jumps = 0;
  while (code[at].code != (BPF_JMP | BPF_EXIT)) {
    ASSERT_GT(code[at].off, 0) << "no jump at " << at;
    at += 1 + static_cast<std::size_t>(code[at].off);
    ++jumps;
  }
  EXPECT_EQ(at, code.size() - 1);
  EXPECT_EQ(jumps, 7);
}

TEST(Assembler, mistakes_are_told) {
  Assembler out;
  const auto label = out.label();
  out.jump(label);
  EXPECT_THROW(static_cast<void>(Assembler(out).take()), std::logic_error);
  out.bind(label);
  EXPECT_THROW(out.bind(label), std::logic_error);
  EXPECT_THROW(out.jump(label), std::logic_error);
}

TEST(Assembler, references_to_maps_become_descriptors) {
  Assembler out;
  out.load_map(Reg::r1, 1);
  out.move64(Reg::r2, 1);
  const std::array descriptors = {7, 9};
  const auto code = with_maps(out.take(), descriptors);
  EXPECT_EQ(code[0].imm, 9);
  EXPECT_EQ(code[0].src_reg, BPF_PSEUDO_MAP_FD);
  EXPECT_EQ(code[2].imm, 1);
}

} // namespace
} // namespace nwgate::bpf
