// SPDX-License-Identifier: LGPL-2.1-or-later
/// Random programs and random frames: the kernel decides about each as the interpreter says.
///
/// NWG_DIFFERENTIAL_PROGRAMS and NWG_DIFFERENTIAL_SEED ask for more than the normal run has. A failure prints the
/// program's folder below tests/oracle/random_filters, the frame, and the interpreter's reasons.
#include "fixture.h"
#include "random_frame.h"

#include "engine/explain/explain.h"
#include "engine/program/text_form.h"
#include "tests/support/documents.h"

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <random>
#include <set>

namespace nwgate::packets {
namespace {

namespace fs = std::filesystem;

constexpr int frames_per_program = 200;

std::string setting(const char *name, const char *otherwise) {
  const char *value = std::getenv(name);
  return value == nullptr ? otherwise : value;
}

/// What became of a frame, by all that is not in the frame itself: nothing if it depends on that.
std::optional<bool> passes(const ClosedProgram &program, Packet packet) {
  std::optional<bool> all;
  for (const auto state : {connection_state::new_state, connection_state::established, connection_state::related,
                           connection_state::invalid})
    for (const bool is_reply : {false, true})
      for (const std::uint32_t connections : {1U, 1000000U}) {
        packet.state = state;
        packet.is_reply = is_reply;
        packet.connections = connections;
        const bool one = explain_packet(program, packet).verdict == VerdictKind::accept;
        if (all && *all != one)
          return std::nullopt;
        all = one;
      }
  return all;
}

/// Where connections are tracked, a fragment waits for the others.
bool is_fragment(const Frame &frame) {
  const auto *ip = std::get_if<Ip>(&frame);
  return ip != nullptr && (ip->fragment_offset != 0 || (ip->version == 6 && ip->protocol == IPPROTO_FRAGMENT));
}

/// The frame is the first of a connection, as far as conntrack can know one.
bool is_surely_new(const Frame &frame) {
  const auto *ip = std::get_if<Ip>(&frame);
  if (ip == nullptr || ip->bad_checksum) // a bad checksum makes it invalid
    return false;
  switch (ip->protocol) {
  case IPPROTO_TCP:
    return ip->flags == syn && ip->options.empty();
  case IPPROTO_UDP:
    return true;
  case IPPROTO_ICMP:
    return ip->version == 4 && (ip->type == -1 || ip->type == 8);
  case IPPROTO_ICMPV6:
    return ip->version == 6 && (ip->type == -1 || ip->type == 128);
  default:
    return false;
  }
}

Packet packet_of(Direction direction, const Frame &frame) {
  Packet packet;
  packet.direction = direction;
  packet.frame = bytes_of(frame, "nwgate:00000000."); // as long as the wire's own markers
  return packet;
}

std::optional<bool> expected(const ClosedProgram &program, Direction direction, const Frame &frame) {
  const auto packet = packet_of(direction, frame);
  if (is_fragment(frame))
    return std::nullopt;
  if (auto certain = passes(program, packet))
    return certain;
  if (!is_surely_new(frame))
    return std::nullopt;
  return explain_packet(program, packet).verdict == VerdictKind::accept;
}

std::string in_hexadecimal(const std::vector<std::uint8_t> &bytes) {
  std::string text;
  for (const auto byte : bytes)
    text += fmt::format("{:02x}", byte);
  return text;
}

std::string reasons(const ClosedProgram &program, const Packet &packet) {
  std::string text;
  const auto explanation = explain_packet(program, packet);
  for (const auto &layer : explanation.layers)
    for (const auto &step : layer.steps) {
      text += "\n  " + step.chain->name + ": ";
      for (const auto &match : step.rule->matches)
        text += to_text(match, *step.rule) + ", ";
      text += step.failed ? "not " + to_text(step.rule->matches[*step.failed], *step.rule) + " but " + step.actual
                          : "MATCH";
    }
  return text + "\n  " + explanation.kernel_drops;
}

class Differential : public KernelTest {
protected:
  void SetUp() override {
    KernelTest::SetUp();
    if (IsSkipped() || HasFatalFailure())
      return;
    cases_ = fs::path(must_run({"mktemp", "-d"}));
    cases_ = cases_.string().substr(0, cases_.string().find('\n'));
    must_run({NWG_RANDOM_FILTERS, "--out", cases_, "--count", setting("NWG_DIFFERENTIAL_PROGRAMS", "30"), "--seed",
              setting("NWG_DIFFERENTIAL_SEED", "1")});
  }
  void TearDown() override {
    if (!cases_.empty())
      fs::remove_all(cases_);
  }

  /// Binds v0 to the case's filter behind a rule for the fence; nothing if it cannot be bound here.
  std::optional<ClosedProgram> bind(const fs::path &folder) {
    for (const auto &file : fs::directory_iterator(folder)) {
      const auto text = test::read_file(file.path());
      if (file.path().filename() == "binding.xml")
        continue;
      engine().write_filter(test::filter(text, file.path()).name, text);
    }
    auto binding = test::binding(test::read_file(folder / "binding.xml"));
    engine().write_filter("test",
                          fmt::format("<filter name='test' chain='root'>\n{}\n<filterref filter='{}'/>\n</filter>",
                                      fence_rule, binding.filter.filter));
    binding.filter.filter = "test";
    Parameters parameters;
    for (const auto &parameter : binding.filter.parameters)
      parameters.emplace_back(parameter.name, parameter.value);
    if (const auto outcome = engine().bind("v0", "test", parameters); !outcome.ok()) {
      refused_ += "\n" + outcome.errors;
      return std::nullopt;
    }
    binding.mac = *MacAddress::parse(bound_mac);
    test::FilterFolders filters({fs::path(engine().filter_path("test")).parent_path(), NWGATE_FILTERS});
    Diagnostics diagnostics;
    auto program = test::compile(binding, filters, diagnostics);
    EXPECT_TRUE(program) << test::text_of(diagnostics);
    return program;
  }

  fs::path cases_;
  std::string refused_;
};

TEST_F(Differential, TheKernelDecidesAsTheInterpreter) {
  std::size_t programs = 0;
  std::size_t frames = 0;
  std::size_t accepted = 0;
  std::size_t uncertain = 0;
  std::set<fs::path> folders; // in the same order everywhere: the frames depend on it
  for (const auto &folder : fs::directory_iterator(cases_))
    folders.insert(folder.path());
  for (const auto &folder : folders) {
    const auto program = bind(folder);
    if (!program)
      continue;
    ++programs;
    std::mt19937 random(static_cast<std::mt19937::result_type>(programs));
    for (const auto direction : {Direction::out, Direction::in}) {
      network().forget_connections();
      std::vector<Frame> sent;
      std::vector<bool> should;
      for (int i = 0; i < frames_per_program / 2; ++i) {
        auto frame = random_frame(program->program, direction, random);
        if (const auto verdict = expected(*program, direction, frame)) {
          should.push_back(*verdict);
          sent.push_back(std::move(frame));
        } else {
          ++uncertain;
        }
      }
      const auto arrived = wire().send(direction == Direction::out ? Sender::workload : Sender::peer, sent);
      for (std::size_t i = 0; i < sent.size(); ++i) {
        accepted += arrived[i] ? 1 : 0;
        const auto packet = packet_of(direction, sent[i]);
        ASSERT_EQ(arrived[i], should[i]) << folder.filename() << ", " << (direction == Direction::out ? "out" : "in")
                                         << " hex " << in_hexadecimal(packet.frame) << reasons(*program, packet);
      }
      frames += sent.size();
    }
    engine().unbind("v0");
  }
  EXPECT_GT(accepted, frames / 20) << "too few frames pass to say anything";
  EXPECT_LT(accepted, frames - frames / 20);
  EXPECT_LT(uncertain, frames) << "too few frames are judged";
  std::cout << fmt::format("{} programs, {} frames, {} accepted, {} uncertain{}\n", programs, frames, accepted,
                           uncertain, refused_);
}

} // namespace
} // namespace nwgate::packets
