// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/program/text_form.h"

#include "engine/program/json_form.h"
#include "engine/program/verify.h"
#include "tests/support/documents.h"
#include "tests/support/random_program.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <random>

namespace nwgate::test {
namespace {

Program parsed(std::string_view text) {
  auto result = parse_program(text);
  if (const auto *why = std::get_if<std::string>(&result))
    throw std::runtime_error(*why);
  return std::get<Program>(std::move(result));
}

std::string refusal(std::string_view text) {
  const auto result = parse_program(text);
  const auto *why = std::get_if<std::string>(&result);
  return why == nullptr ? "read" : *why;
}

constexpr std::string_view head = "program \"x\"\nchain ipv4 out \"root\" 0 end return\n";
std::string with_rule(std::string_view rule) { return std::string(head) + "  " + std::string(rule) + "\n"; }

TEST(TextForm, ShowsAllPartsOfARule) {
  FilterMap filters;
  filters.add(filter_named("top", "<filterref filter='inner'><parameter name='PORT' value='80'/></filterref>"));
  filters.add(filter_named("inner", "<rule action='accept' direction='out'>\n"
                                    "<tcp match='no' srcipaddr='$A[@1]' srcipmask='24' comment='say \"hi\"'/>\n"
                                    "<tcp dstportstart='$PORT'/></rule>"));
  EXPECT_EQ(to_text(program_of(filters, "top")),
            R"(program "top"
chain ipv4 out "root" 0 end return
  for $PORT="80"; $A[@1]: ip.protocol 6, not ip.saddr $A[@1]:ipv4/24, th.dport $PORT:u16, ct.state new|established, ct.direction original, accept comment "say \"hi\"" @ "inner.xml":2:1 in "inner" from "top.xml":2:1 in "top"
chain ipv4 in "root" 0 end return
  for $PORT="80"; $A[@1]: ip.protocol 6, not ip.daddr $A[@1]:ipv4/24, th.sport $PORT:u16, ct.state established, ct.direction reply, accept comment "say \"hi\"" @ "inner.xml":2:1 in "inner" from "top.xml":2:1 in "top"
)");
}

TEST(TextForm, EveryProgramReadsBackAsItWas) {
  std::mt19937 engine(20240607);
  const Choice choose = [&](unsigned bound) { return static_cast<unsigned>(engine() % bound); };
  for (int round = 0; round < 3000; ++round) {
    const bool closed = round % 2 == 0;
    const auto program = random_program(choose, closed);
    ASSERT_EQ(verify(program, closed), std::vector<std::string>{});
    const auto text = to_text(program);
    const auto back = parse_program(text);
    ASSERT_TRUE(std::holds_alternative<Program>(back)) << std::get<std::string>(back) << "\n" << text;
    ASSERT_EQ(to_text(std::get<Program>(back)), text);
    ASSERT_TRUE(same_content(std::get<Program>(back), program)) << text;
  }
}

TEST(TextForm, DamagedTextIsRefusedOrMeansAProgram) {
  std::mt19937 engine(7);
  const Choice choose = [&](unsigned bound) { return static_cast<unsigned>(engine() % bound); };
  for (int round = 0; round < 3000; ++round) {
    auto text = to_text(random_program(choose, false));
    for (int damage = 0; damage < 3; ++damage)
      text[choose(static_cast<unsigned>(text.size()))] = "\"\\ ,:;/-$[@]=&\n0a"[choose(17)];
    const auto first = parse_program(text);
    if (const auto *program = std::get_if<Program>(&first)) {
      ASSERT_EQ(to_text(parsed(to_text(*program))), to_text(*program)) << text;
    }
  }
}

TEST(TextForm, SaysWhichLineIsWrongAndWhy) {
  EXPECT_EQ(refusal("hello\n"), "line 1: 'program', 'chain' or a rule expected");
  EXPECT_EQ(refusal("  accept\n"), "line 1: a chain before its rules expected");
  EXPECT_EQ(refusal("program \"x"), "line 1: '\"' expected");
  EXPECT_EQ(refusal("program \"x\" y"), "line 1: the end of the line expected");
  EXPECT_EQ(refusal("program \"x\"\nchain ipv5 out \"root\" 0 end accept\n"), "line 2: a layer expected");
  EXPECT_EQ(refusal("chain ipv4 up \"root\" 0 end accept\n"), "line 1: a direction expected");
  EXPECT_EQ(refusal("chain ipv4 out \"root\" zero end accept\n"), "line 1: a number expected");
  EXPECT_EQ(refusal("chain ipv4 out \"root\" 0 end allow\n"), "line 1: a verdict expected");
  EXPECT_EQ(refusal(with_rule("ip.sadr 1.2.3.4, drop")), "line 3: a field or a verdict expected");
  EXPECT_EQ(refusal(with_rule("ip.saddr 1.2.3.400, drop")), "line 3: an IPv4 address expected");
  EXPECT_EQ(refusal(with_rule("ip6.saddr ::g, drop")), "line 3: an IPv6 address expected");
  EXPECT_EQ(refusal(with_rule("ether.src 1, drop")), "line 3: a MAC address expected");
  EXPECT_EQ(refusal(with_rule("ct.state open, drop")), "line 3: connection states expected");
  EXPECT_EQ(refusal(with_rule("ct.direction back, drop")), "line 3: 'original' or 'reply' expected");
  EXPECT_EQ(refusal(with_rule("tcp.flags syn/ece, drop")), "line 3: TCP flags expected");
  EXPECT_EQ(refusal(with_rule("th.sport http, drop")), "line 3: a number expected");
  EXPECT_EQ(refusal(with_rule("th.sport $A:u16, drop")), "line 3: a variable of the rule's slots expected");
  EXPECT_EQ(refusal(with_rule("for $A: th.sport $A:port, drop")), "line 3: a type expected");
  EXPECT_EQ(refusal(with_rule("for A: drop")), "line 3: a variable expected");
  EXPECT_EQ(refusal(with_rule("drop,")), "line 3: a field or a verdict expected");
  EXPECT_EQ(refusal(with_rule("")), "line 3: a word expected");
}

TEST(JsonForm, HoldsWhatTheTextFormHolds) {
  const auto json =
      nlohmann::json::parse(to_json(parsed(with_rule("for $A=\"1\"; $B[@1]: ip.protocol 6, not th.sport "
                                                     "$A:u16-$B[@1]:u16, drop comment \"c\" @ \"f.xml\":3:5 in \"f\" "
                                                     "from \"t.xml\":1:2 in \"t\""))));
  EXPECT_EQ(json["filter"], "x");
  const auto &chain = json["chains"][0];
  EXPECT_EQ(chain["layer"], "ipv4");
  EXPECT_EQ(chain["direction"], "out");
  EXPECT_EQ(chain["name"], "root");
  EXPECT_EQ(chain["end"], "return");
  const auto &rule = chain["rules"][0];
  EXPECT_EQ(rule["matches"], nlohmann::json({"ip.protocol 6", "not th.sport $A:u16-$B[@1]:u16"}));
  EXPECT_EQ(rule["verdict"], "drop");
  EXPECT_EQ(rule["comment"], "c");
  EXPECT_EQ(rule["slots"][0][0], nlohmann::json({{"variable", "$A"}, {"defaults", {"1"}}}));
  EXPECT_EQ(rule["origin"]["file"], "f.xml");
  EXPECT_EQ(rule["origin"]["line"], 3);
  EXPECT_EQ(rule["origin"]["included_from"][0]["filter"], "t");
}

TEST(JsonForm, IsJsonForEveryProgram) {
  std::mt19937 engine(11);
  const Choice choose = [&](unsigned bound) { return static_cast<unsigned>(engine() % bound); };
  for (int round = 0; round < 300; ++round)
    EXPECT_TRUE(nlohmann::json::accept(to_json(random_program(choose, round % 2 == 0))));
}

} // namespace
} // namespace nwgate::test
