// SPDX-License-Identifier: LGPL-2.1-or-later
/// Long programs and long lists.
#include "tests/kernel/bpf/support.h"

#include "tests/packets/frame.h"

#include <fmt/format.h>

namespace nwgate::bpf::testing {
namespace {

using packets::Ip;

class LimitsTest : public BpfTest {
protected:
  bool drops(const LoadedProgram &program, const Ip &packet) {
    return passes(program, packets::bytes_of(packet, "data")) == false;
  }
  static std::size_t instructions(const ClosedProgram &program) {
    const auto compiled = compile(program, Direction::out);
    return std::holds_alternative<CgroupProgram>(compiled) ? std::get<CgroupProgram>(compiled).code.size() : 0;
  }
};

/// Rules that differ in two values, so that none are put together.
ClosedProgram mixed_rules(int count) {
  std::vector<std::string> rules;
  for (int i = 0; i < count; ++i)
    rules.push_back(fmt::format("ip.protocol 17, ip.saddr 10.0.{}.{}, th.dport {}, drop", i / 256, i % 256, i));
  return program_of("ipv4", "out", rules);
}

Ip packet_for(int rule, int port) {
  return {.src = fmt::format("10.0.{}.{}", rule / 256, rule % 256), .dport = static_cast<std::uint16_t>(port)};
}

/// Jumps reach further than their offsets can tell, and the kernel's verifier comes to its end.
TEST_F(LimitsTest, program_of_nearly_the_limit_is_taken) {
  constexpr int count = 7900;
  const auto program = mixed_rules(count);
  EXPECT_GT(instructions(program), 35'000U);
  const auto loaded = load(program, Direction::out);
  for (const int rule : {0, 1, 2000, 4500, 6000, count - 1}) {
    EXPECT_TRUE(drops(loaded, packet_for(rule, rule))) << rule;
    EXPECT_FALSE(drops(loaded, packet_for(rule, rule + 1))) << rule;
  }
}

/// The same of both versions, in both layers: more ways that the verifier has to follow.
TEST_F(LimitsTest, long_program_of_all_chains_is_taken) {
  std::string text = "chain ethernet out \"root\" 0 end accept\n";
  for (int i = 0; i < 900; ++i)
    text += fmt::format("  not th.sport {}, th.dport {}-{}, return\n", i, i, i + 7);
  for (const std::string version : {"4", "6"}) {
    text += "chain ipv" + version + " out \"root\" 0 end return\n";
    for (int i = 0; i < 850; ++i)
      text += fmt::format("  th.sport {}, {} {}/{}, th.dport {}-{}, drop\n", i,
                          version == "4" ? "icmp.type" : "icmp6.type", i % 7, i % 3, 2 * i, 3 * i);
  }
  const auto program = program_of(text);
  EXPECT_GT(instructions(program), 25'000U);
  EXPECT_TRUE(load(program, Direction::out).program);
}

TEST_F(LimitsTest, program_that_is_too_long_is_refused) {
  const auto compiled = compile(mixed_rules(20'000), Direction::out);
  const auto *refusals = std::get_if<std::vector<Refusal>>(&compiled);
  ASSERT_NE(refusals, nullptr);
  EXPECT_EQ(refusals->at(0).reason, "the program is too long for the kernel");
}

TEST_F(LimitsTest, list_of_many_addresses_is_one_lookup) {
  std::vector<std::string> rules;
  for (int i = 0; i < 50'000; ++i)
    rules.push_back(fmt::format("ip.saddr 10.{}.{}.{}, th.dport 80, accept", i / 16384, i / 64 % 256, i % 64 * 4));
  rules.emplace_back("drop");
  const auto program = program_of("ipv4", "out", rules);
  EXPECT_LT(instructions(program), 1000U);
  const auto loaded = load(program, Direction::out);
  EXPECT_FALSE(drops(loaded, {.src = "10.0.0.0", .dport = 80}));
  EXPECT_FALSE(drops(loaded, {.src = "10.3.13.60", .dport = 80}));
  EXPECT_TRUE(drops(loaded, {.src = "10.0.0.1", .dport = 80}));
  EXPECT_TRUE(drops(loaded, {.src = "10.0.0.0", .dport = 81}));
}

TEST_F(LimitsTest, every_port_of_a_long_list_is_found) {
  std::vector<std::string> rules;
  for (int i = 0; i < 3000; ++i)
    rules.push_back(fmt::format("ip.protocol 17, th.dport {}-{}, accept", i * 20, i * 20 + i % 10));
  rules.emplace_back("drop");
  const auto loaded = load(program_of("ipv4", "out", rules), Direction::out);
  for (int i = 0; i < 3000; i += 7) {
    EXPECT_FALSE(drops(loaded, {.dport = static_cast<std::uint16_t>(i * 20)}));
    EXPECT_FALSE(drops(loaded, {.dport = static_cast<std::uint16_t>(i * 20 + i % 10)}));
    EXPECT_TRUE(drops(loaded, {.dport = static_cast<std::uint16_t>(i * 20 + i % 10 + 1)}));
  }
}

/// More extension headers than a program passes over.
TEST_F(LimitsTest, extension_headers_without_end_are_dropped) {
  const auto ports = load(program_of("ipv6", "out", {"th.dport 80, accept"}), Direction::out);
  const auto none = load(program_of("ipv6", "out", {"ip6.dscp 3, accept"}), Direction::out);
  for (const std::size_t count : {0U, 1U, 8U, 9U, 20U}) {
    Ip packet{.version = 6};
    packet.extensions.assign(count, IPPROTO_DSTOPTS);
    EXPECT_EQ(drops(ports, packet), count > 8) << count;
    EXPECT_FALSE(drops(none, packet)) << count;
  }
}

} // namespace
} // namespace nwgate::bpf::testing
