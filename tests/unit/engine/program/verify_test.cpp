// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/program/verify.h"

#include "engine/program/text_form.h"

#include <gtest/gtest.h>

namespace nwgate {
namespace {

std::vector<std::string> broken(std::string_view text, bool closed = false) {
  return verify(std::get<Program>(parse_program(text)), closed);
}

using Texts = std::vector<std::string>;

TEST(Verify, HasNothingAgainstAGoodProgram) {
  EXPECT_EQ(
      broken("chain ethernet out \"root\" 0 end accept\n  jump \"arp\"\n  drop @ \"f\":1:1 in \"f\"\n"
             "chain ethernet out \"arp\" -500 end accept\n  for $A: ether.src $A:mac, drop @ \"f\":1:1 in \"f\"\n"),
      Texts{});
}

TEST(Verify, NamesEachBrokenInvariant) {
  const std::string root = "chain ethernet out \"root\" 0 end accept\n";
  EXPECT_EQ(broken(root + root), Texts{"chain ethernet out root stands twice"});
  EXPECT_EQ(broken("chain ethernet in \"arp\" 0 end accept\n"), Texts{"chain ethernet in arp has no root chain"});
  EXPECT_EQ(broken("chain ipv4 in \"root\" 0 end accept\nchain ipv4 in \"arp\" 0 end accept\n"),
            Texts{"chain ipv4 in arp is a sub-chain of an IP layer"});
  EXPECT_EQ(broken(root + "  jump \"arp\"\n"), Texts{"chain ethernet out root has a jump that leads nowhere"});
  EXPECT_EQ(broken(root + "chain ethernet out \"arp\" 0 end accept\n  jump \"arp\"\n"),
            Texts{"chain ethernet out arp has a jump that leads nowhere"});
  EXPECT_EQ(broken(root + "  reject @ \"f\":1:1 in \"f\"\n"),
            Texts{"chain ethernet out root rejects in the ethernet layer"});
  EXPECT_EQ(broken(root + "  drop\n"), Texts{"chain ethernet out root has a rule without an origin"});
}

TEST(Verify, AClosedProgramHasNoSlots) {
  const std::string text =
      "chain ipv4 out \"root\" 0 end accept\n  for $A: th.sport $A:u16, drop @ \"f\":1:1 in \"f\"\n";
  EXPECT_EQ(broken(text, false), Texts{});
  EXPECT_EQ(broken(text, true), Texts{"chain ipv4 out root has a rule with slots"});
}

TEST(Verify, OperandsFitTheForm) {
  auto program = std::get<Program>(
      parse_program("chain ipv4 out \"root\" 0 end accept\n  th.sport 1, drop @ \"f\":1:1 in \"f\"\n"));
  auto &match = program.chains[0].rules[0].matches[0];
  match.form = Form::range;
  EXPECT_EQ(verify(program, true), Texts{"chain ipv4 out root has a match of th.sport with 1 operands"});
  match.form = Form::single;
  match.operands[0] = SlotRef{0, 0, ValueType::u16, {}};
  EXPECT_EQ(verify(program, true), Texts{"chain ipv4 out root has an operand without a slot"});
}

} // namespace
} // namespace nwgate
