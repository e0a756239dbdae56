// SPDX-License-Identifier: LGPL-2.1-or-later
#include "judges.h"

#include "engine/explain/explain.h"
#include "engine/program/text_form.h"
#include "tests/support/bridge_checks.h"
#include "tests/support/documents.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fmt/format.h>
#include <linux/if_ether.h>
#include <sys/utsname.h>
#include <thread>
#include <utility>

namespace nwgate::packets {
namespace {

bool is_of_cgroups(const JudgedFrame &frame) {
  return frame.asked == Asked::cgroups || frame.asked == Asked::cgroups_and_sockets;
}

Packet packet_of(const JudgedFrame &frame) {
  Packet packet;
  packet.direction = frame.direction;
  packet.frame = is_of_cgroups(frame) ? test::without_bridge_checks(frame.bytes) : frame.bytes;
  return packet;
}

/// What becomes of a frame, by all that is not in the frame itself: nothing if it depends on that.
std::optional<bool> certain(const ClosedProgram &program, Packet packet) {
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

std::optional<bool> ask_interpreter(const ClosedProgram &program, const JudgedFrame &frame) {
  if (frame.asked == Asked::kernel_at_ports)
    return std::nullopt;
  const auto packet = packet_of(frame);
  if (const auto answer = certain(program, packet))
    return answer;
  if (!frame.is_surely_new)
    return std::nullopt;
  return explain_packet(program, packet).verdict == VerdictKind::accept;
}

} // namespace

bool interpreter_knows_broken_ipv6() {
  utsname kernel{};
  uname(&kernel);
  int major = 0;
  int minor = 0;
  return std::sscanf(kernel.release, "%d.%d", &major, &minor) == 2 && std::pair(major, minor) >= std::pair(6, 18);
}

bool is_of_ip(const std::vector<std::uint8_t> &frame) {
  const auto type = frame.at(12) << 8U | frame.at(13);
  return type == ETH_P_IP || type == ETH_P_IPV6;
}

std::vector<std::pair<std::string, bool>> Judgement::answers() const {
  std::vector<std::pair<std::string, bool>> result;
  const auto add = [&](const char *who, const std::optional<bool> &answer) {
    if (answer)
      result.emplace_back(who, *answer);
  };
  add("xtables", xtables);
  add("nftables", nftables);
  add("BPF", bpf);
  if (bpf_with_lookups != bpf) // else they are one judge
    add("BPF with lookups", bpf_with_lookups);
  add("nftables for sockets", sockets);
  add("the interpreter", interpreter);
  return result;
}

bool Judgement::is_unanimous() const {
  const auto all = answers();
  return std::ranges::all_of(all, [&](const auto &answer) { return answer.second == all.front().second; });
}

std::string Judgement::to_string() const {
  const auto all = answers();
  std::string text;
  for (const auto &[who, passes] : all)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", who, passes ? "passes" : "drops");
  if (!interpreter)
    text += ", the interpreter does not know";
  const auto count = [&](bool passes) {
    return std::ranges::count(all, passes, &std::pair<std::string, bool>::second);
  };
  for (const auto &[who, passes] : all)
    if (all.size() > 2 && count(passes) == 1)
      text += fmt::format(": {} is alone", who);
  return text;
}

bool JudgedProgram::looks_at(Field first, Field last) const {
  for (const auto &chain : closed.program.chains)
    for (const auto &rule : chain.rules)
      for (const auto &match : rule.matches)
        if (match.field >= first && match.field <= last)
          return true;
  return false;
}

std::optional<JudgedProgram> JudgesTest::program(const std::string &filter, const Parameters &parameters) {
  auto binding = test::bound(filter, parameters);
  binding.mac = *MacAddress::parse(bound_mac);
  test::FilterFolders filters({std::filesystem::path(engine().filter_path(filter)).parent_path(), NWGATE_FILTERS});
  Diagnostics diagnostics;
  auto closed = test::compile(binding, filters, diagnostics);
  if (!closed)
    return std::nullopt;
  return JudgedProgram{.filter = filter, .parameters = parameters, .closed = std::move(*closed)};
}

std::vector<bool> JudgesTest::send(const std::vector<JudgedFrame> &frames) {
  std::vector<bool> answers(frames.size());
  for (const auto direction : {Direction::out, Direction::in}) {
    std::vector<std::size_t> places;
    std::vector<std::vector<std::uint8_t>> bytes;
    for (std::size_t i = 0; i < frames.size(); ++i)
      if (frames[i].direction == direction && !is_of_cgroups(frames[i])) {
        places.push_back(i);
        bytes.push_back(frames[i].bytes);
      }
    network().forget_connections();
    const auto passed = wire().send_bytes(direction == Direction::out ? Sender::workload : Sender::peer, bytes);
    for (std::size_t i = 0; i < places.size(); ++i)
      answers[places[i]] = passed[i];
  }
  return answers;
}

void JudgesTest::set_following(bool yes) {
  network().follow_connections(yes);
  if (yes)
    return;
  // The kernel takes rules apart some time after they are gone, and connection tracking with the last that asked for
  // it.
  const auto passes = [this](std::uint8_t version) { return out(Ip{.version = version, .fragment_offset = 5}); };
  for (int attempt = 0; attempt < 1000; ++attempt) {
    if (passes(4) && passes(6))
      return;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  ADD_FAILURE() << "fragments do not pass";
}

void JudgesTest::ask_cgroups() {
  auto runner = test::BpfRunner::create();
  ASSERT_TRUE(runner) << runner.error().message();
  bpf_.emplace(std::move(*runner));
  ASSERT_NO_THROW(sockets_.emplace(engine()));
}

void JudgesTest::judge_at_ports(const JudgedProgram &program, const std::vector<JudgedFrame> &frames,
                                Judgements &result) {
  set_following(program.asks_for_connections());
  for (const std::string layout : {"xtables", "nftables"}) {
    engine().set_layout(layout);
    if (const auto outcome = engine().bind("v0", program.filter, program.parameters); !outcome.ok()) {
      result.refusals += outcome.errors;
      continue;
    }
    const auto passed = send(frames);
    engine().unbind("v0");
    for (std::size_t i = 0; i < frames.size(); ++i)
      if (!is_of_cgroups(frames[i]))
        (layout == "xtables" ? result.answers[i].xtables : result.answers[i].nftables) = passed[i];
  }
}

void JudgesTest::judge_by_bpf(const JudgedProgram &program, const std::vector<JudgedFrame> &frames,
                              Judgements &result) {
  if (const auto why = bpf_->take(program.of_cgroup); !why.empty()) {
    result.refusals += why;
    return;
  }
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const auto &[direction, bytes, is_new, asked] = frames[i];
    if (asked == Asked::kernel_at_ports || (asked == Asked::everybody && test::is_dropped_by_bridge(explain_packet(
                                                                             program.of_cgroup, packet_of(frames[i])))))
      continue;
    result.answers[i].bpf = bpf_->passes(direction, bytes);
    result.answers[i].bpf_with_lookups = bpf_->passes_with_lookups(direction, bytes);
  }
}

void JudgesTest::judge_by_sockets(const JudgedProgram &program, const std::vector<JudgedFrame> &frames,
                                  Judgements &result) {
  engine().set_layout("nftables");
  if (const auto why = sockets_->take(program.cgroup_filter, program.parameters); !why.empty()) {
    result.refusals += why;
    return;
  }
  for (std::size_t i = 0; i < frames.size(); ++i)
    if (frames[i].asked == Asked::cgroups_and_sockets)
      result.answers[i].sockets = sockets_->passes(frames[i].bytes);
  sockets_->leave();
}

Judgements JudgesTest::judge(const JudgedProgram &program, const std::vector<JudgedFrame> &frames) {
  Judgements result{std::vector<Judgement>(frames.size()), {}};
  judge_at_ports(program, frames, result);
  if (!program.cgroup_filter.empty() && bpf_) {
    judge_by_bpf(program, frames, result);
    judge_by_sockets(program, frames, result);
  }
  for (std::size_t i = 0; i < frames.size(); ++i)
    result.answers[i].interpreter = ask_interpreter(program.closed, frames[i]);
  return result;
}

std::string reasons(const ClosedProgram &program, const JudgedFrame &frame) {
  std::string text;
  const auto explanation = explain_packet(program, packet_of(frame));
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

std::string in_hexadecimal(const std::vector<std::uint8_t> &bytes) {
  return fmt::format("{:02x}", fmt::join(bytes, ""));
}

} // namespace nwgate::packets
