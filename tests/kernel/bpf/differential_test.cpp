// SPDX-License-Identifier: LGPL-2.1-or-later
/// Random programs and random frames: the kernel's BPF decides about each as the interpreter says.
///
/// NWG_BPF_PROGRAMS and NWG_BPF_SEED ask for more than the normal run has. A failure prints the program, the frame,
/// and the interpreter's way through it.
#include "tests/kernel/bpf/random_rules.h"
#include "tests/kernel/bpf/support.h"

#include "tests/packets/odd_frame.h"
#include "tests/packets/random_frame.h"
#include "tests/support/bridge_checks.h"

#include "engine/explain/explain.h"
#include "engine/program/text_form.h"

#include <cstdlib>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <linux/if_ether.h>

namespace nwgate::bpf::testing {
namespace {

constexpr int frames_per_program = 200;
/// More disagreements are counted only.
constexpr std::size_t most_shown = 5;

std::uint32_t setting(const char *name, std::uint32_t otherwise) {
  const char *value = std::getenv(name);
  return value == nullptr ? otherwise : static_cast<std::uint32_t>(std::stoul(value));
}

struct Tally {
  std::size_t programs = 0, frames = 0, passed = 0, odd = 0, lookups = 0, instructions = 0;
  /// Of another type than IP; refused by the kernel's test run; of those that count, dropped by the bridge for a reason
  /// that a cgroup's packets do not have.
  std::size_t not_ip = 0, not_run = 0, of_bridge = 0;
  std::size_t disagreements = 0;
};

class Differential : public BpfTest {
protected:
  std::vector<std::uint8_t> frame_for(const Program &program, Direction direction, std::mt19937 &random) {
    auto bytes = packets::bytes_of(packets::random_frame(program, direction, random), "a frame");
    if (random() % 3 != 0)
      return bytes;
    ++tally_.odd;
    return packets::made_odd(std::move(bytes), {true, true}, random);
  }

  void judge(const ClosedProgram &program, Direction direction, const LoadedProgram &loaded,
             const std::vector<std::uint8_t> &frame) {
    const auto type = static_cast<std::uint32_t>(frame[12] << 8U | frame[13]);
    if (type != ETH_P_IP && type != ETH_P_IPV6) {
      ++tally_.not_ip;
      return;
    }
    Packet packet;
    packet.direction = direction;
    packet.frame = frame;
    auto said = explain_packet(program, packet);
    if (test::is_dropped_by_bridge(said)) {
      ++tally_.of_bridge;
      packet.frame = test::without_bridge_checks(std::move(packet.frame));
      said = explain_packet(program, packet);
    }
    const auto done = passes(loaded, frame);
    if (!done) {
      ++tally_.not_run;
      return;
    }
    ++tally_.frames;
    tally_.passed += *done ? 1 : 0;
    const bool expected = said.verdict == VerdictKind::accept;
    if (*done != expected && ++tally_.disagreements <= most_shown)
      ADD_FAILURE() << (direction == Direction::out ? "out" : "in") << ", BPF " << (*done ? "passes" : "drops")
                    << " hex " << fmt::format("{:02x}", fmt::join(frame, "")) << '\n'
                    << said.kernel_drops << '\n'
                    << to_text(program.program);
  }

  void judge_every_length(const ClosedProgram &program, const LoadedProgram &loaded, std::vector<std::uint8_t> frame) {
    const bool is_v4 = frame[12] == 0x08;
    const std::size_t header = is_v4 ? 20 : 40;
    for (std::size_t length = 0; length <= std::min<std::size_t>(frame.size() - 14 - header, 48); ++length) {
      frame[is_v4 ? 17 : 19] = static_cast<std::uint8_t>(is_v4 ? header + length : length);
      frame[is_v4 ? 16 : 18] = 0;
      if (is_v4)
        test::write_ipv4_checksum(frame);
      judge(program, Direction::out, loaded, frame);
    }
  }

  void print() const {
    std::cout << fmt::format("{} programs of {} instructions and {} lookups; {} frames ({} odd, {} that the "
                             "bridge drops), {} passed; besides {} that are not IP, {} that the kernel does not run: "
                             "{} disagreements\n",
                             tally_.programs, tally_.instructions, tally_.lookups, tally_.frames, tally_.odd,
                             tally_.of_bridge, tally_.passed, tally_.not_ip, tally_.not_run, tally_.disagreements);
  }

  void run(const CompileLimits &limits, std::uint32_t seed, std::uint32_t programs) {
    std::mt19937 random(seed);
    for (std::uint32_t i = 0; i < programs; ++i) {
      const auto program = random_rules(random);
      ++tally_.programs;
      for (const auto direction : {Direction::out, Direction::in}) {
        const auto compiled = compile(program, direction, limits);
        ASSERT_TRUE(std::holds_alternative<CgroupProgram>(compiled))
            << to_string(std::get<std::vector<Refusal>>(compiled)) << to_text(program.program);
        tally_.lookups += std::get<CgroupProgram>(compiled).maps.size();
        tally_.instructions += std::get<CgroupProgram>(compiled).code.size();
        const auto loaded = load(program, direction, limits);
        ASSERT_TRUE(loaded.program) << to_text(program.program);
        for (int frame = 0; frame < frames_per_program / 2; ++frame)
          judge(program, direction, loaded, frame_for(program.program, direction, random));
      }
    }
    print();
    EXPECT_EQ(tally_.disagreements, 0U);
    EXPECT_GT(tally_.passed, tally_.frames / 10) << "too few frames pass to say anything";
    EXPECT_LT(tally_.passed, tally_.frames - tally_.frames / 10);
    EXPECT_GT(tally_.frames, tally_.programs * frames_per_program / 2) << "too few frames are judged";
  }

  Tally tally_;
};

TEST_F(Differential, interpreter_and_kernel_agree) {
  run({}, setting("NWG_BPF_SEED", 1), setting("NWG_BPF_PROGRAMS", 100));
}

/// Runs become lookups as soon as there are two rules.
TEST_F(Differential, interpreter_and_kernel_agree_about_lookups) {
  CompileLimits limits;
  limits.lookup_from = {2, 2};
  run(limits, setting("NWG_BPF_SEED", 1) + 1000, setting("NWG_BPF_PROGRAMS", 100));
  EXPECT_GT(tally_.lookups, tally_.programs / 6);
}

/// Of headers that end anywhere, each field: by the length that the IP header tells.
TEST_F(Differential, interpreter_and_kernel_agree_about_every_length) {
  std::vector<packets::Ip> whole;
  for (const auto protocol : std::initializer_list<std::uint8_t>{6, 17, 132, 50}) {
    whole.push_back({.protocol = protocol});
    whole.push_back({.protocol = protocol, .fragment_offset = 3});
    for (const auto extension : std::initializer_list<std::uint8_t>{0, 43, 44, 51, 60}) {
      whole.push_back({.version = 6, .protocol = protocol, .extensions = {extension}});
      whole.push_back({.version = 6, .protocol = protocol, .fragment_offset = 3, .extensions = {extension, 60}});
    }
  }
  whole.push_back({.protocol = 1});
  whole.push_back({.version = 6, .protocol = 58});
  for (const std::string layer : {"ethernet", "ipv4", "ipv6"})
    for (const std::string match : {"ip.protocol 17", "ip6.protocol 17", "ip6.protocol 43", "ip6.protocol 44",
                                    "th.sport 1000", "th.dport 2000", "tcp.flags syn", "icmp.type 8", "icmp6.type 128"})
      for (const std::string negation : {"", "not "}) {
        const auto program = program_of(layer, "out", {negation + match + ", drop"});
        if (!std::holds_alternative<CgroupProgram>(compile(program, Direction::out)))
          continue; // of another layer
        ++tally_.programs;
        const auto loaded = load(program, Direction::out);
        for (const auto &packet : whole)
          judge_every_length(program, loaded, packets::bytes_of(packet, "data"));
      }
  print();
  EXPECT_EQ(tally_.disagreements, 0U);
  EXPECT_GT(tally_.frames, 20'000U);
}

} // namespace
} // namespace nwgate::bpf::testing
