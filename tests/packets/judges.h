// SPDX-License-Identifier: LGPL-2.1-or-later
/// Those who decide about frames: the interpreter, the kernel with the rules of each layout, and, where a program can
/// be that of a cgroup, the kernel with what nwgate makes of it there.
#pragma once

#include "cgroup_judges.h"
#include "fixture.h"

#include "engine/program/program.h"

#include <optional>
#include <string>
#include <vector>

namespace nwgate::packets {

/// What each says, whether the frame passes; nothing if it cannot know or has no rules.
struct Judgement {
  std::optional<bool> interpreter;
  std::optional<bool> xtables;
  std::optional<bool> nftables;
  /// Of a cgroup: the program as it is, with lookups wherever there can be one, and nftables' rules for sockets.
  std::optional<bool> bpf;
  std::optional<bool> bpf_with_lookups;
  std::optional<bool> sockets;

  [[nodiscard]] bool is_unanimous() const;
  /// `xtables drops, nftables passes, the interpreter does not know`. Who of three or more has all others against it is
  /// named: `BPF passes, ...: BPF is alone`.
  [[nodiscard]] std::string to_string() const;

private:
  [[nodiscard]] std::vector<std::pair<std::string, bool>> answers() const;
};

/// A filter in the engine's directory, with the values that v0 gives it.
struct JudgedProgram {
  std::string filter;
  Parameters parameters;
  ClosedProgram closed;
  /// The same program for a cgroup, of which nobody asks that it lets the fence pass. Empty if it is for ports only.
  std::string cgroup_filter = {};
  ClosedProgram of_cgroup = {};

  [[nodiscard]] bool looks_at(Field first, Field last) const;
  /// Whether the kernel has to follow connections.
  [[nodiscard]] bool asks_for_connections() const { return looks_at(Field::ct_state, Field::ct_count); }
};

/// The interpreter's way with broken IPv6 extension headers, and those behind the packet's length, is that of
/// Linux 6.18; 6.1 reads some of them otherwise.
bool interpreter_knows_broken_ipv6();

/// Who is asked about a frame.
enum class Asked : std::uint8_t {
  everybody,
  /// The kernel's way with it at a port is not the interpreter's business, nor that of cgroups.
  kernel_at_ports,
  /// BPF, and the interpreter about the packet in the frame: that it has passed what the bridge asks.
  cgroups,
  /// The same, and a socket that sends it.
  cgroups_and_sockets,
};

struct JudgedFrame {
  Direction direction{};
  std::vector<std::uint8_t> bytes;
  /// It is the first packet of a connection, as far as connection tracking can know one.
  bool is_surely_new = false;
  Asked asked = Asked::everybody;
};

/// The packet of IP in a frame without a tag, if it is one.
bool is_of_ip(const std::vector<std::uint8_t> &frame);

struct Judgements {
  /// One for each frame.
  std::vector<Judgement> answers;
  /// What a layout or a backend said that cannot express the program.
  std::string refusals;
};

class JudgesTest : public KernelTest {
protected:
  /// The filter has to let the fence pass. Nothing if the documents are wrong.
  std::optional<JudgedProgram> program(const std::string &filter, const Parameters &parameters);
  /// Follows connections only if the program asks for them: else fragments go through the kernel as they are.
  Judgements judge(const JudgedProgram &program, const std::vector<JudgedFrame> &frames);
  /// From now on they are asked, too, about programs that are for cgroups.
  void ask_cgroups();

private:
  void judge_at_ports(const JudgedProgram &program, const std::vector<JudgedFrame> &frames, Judgements &result);
  void judge_by_bpf(const JudgedProgram &program, const std::vector<JudgedFrame> &frames, Judgements &result);
  void judge_by_sockets(const JudgedProgram &program, const std::vector<JudgedFrame> &frames, Judgements &result);
  void set_following(bool yes);
  std::vector<bool> send(const std::vector<JudgedFrame> &frames);

  std::optional<BpfJudge> bpf_;
  std::optional<SocketJudge> sockets_;
};

/// Each rule that the frame meets, and the match that fails.
std::string reasons(const ClosedProgram &program, const JudgedFrame &frame);

std::string in_hexadecimal(const std::vector<std::uint8_t> &bytes);

} // namespace nwgate::packets
