// SPDX-License-Identifier: LGPL-2.1-or-later
/// Three who decide about frames: the interpreter, and the kernel with the rules of each layout.
#pragma once

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

  [[nodiscard]] bool is_unanimous() const;
  /// `xtables drops, nftables passes, the interpreter does not know`.
  [[nodiscard]] std::string to_string() const;
};

/// A filter in the engine's directory, with the values that v0 gives it.
struct JudgedProgram {
  std::string filter;
  Parameters parameters;
  ClosedProgram closed;

  [[nodiscard]] bool looks_at(Field first, Field last) const;
  /// Whether the kernel has to follow connections.
  [[nodiscard]] bool asks_for_connections() const { return looks_at(Field::ct_state, Field::ct_count); }
};

/// The interpreter's way with broken IPv6 extension headers, and those behind the packet's length, is that of
/// Linux 6.18; 6.1 reads some of them otherwise.
bool interpreter_knows_broken_ipv6();

struct JudgedFrame {
  Direction direction{};
  std::vector<std::uint8_t> bytes;
  /// It is the first packet of a connection, as far as connection tracking can know one.
  bool is_surely_new = false;
  /// The kernel's way with it is not the interpreter's business.
  bool is_for_kernels_alone = false;
};

struct Judgements {
  /// One for each frame.
  std::vector<Judgement> answers;
  /// What a layout said that cannot express the program.
  std::string refusals;
};

class JudgesTest : public KernelTest {
protected:
  /// The filter has to let the fence pass. Nothing if the documents are wrong.
  std::optional<JudgedProgram> program(const std::string &filter, const Parameters &parameters);
  /// Follows connections only if the program asks for them: else fragments go through the kernel as they are.
  Judgements judge(const JudgedProgram &program, const std::vector<JudgedFrame> &frames);

private:
  void set_following(bool yes);
  std::vector<bool> send(const std::vector<JudgedFrame> &frames);
};

/// Each rule that the frame meets, and the match that fails.
std::string reasons(const ClosedProgram &program, const JudgedFrame &frame);

std::string in_hexadecimal(const std::vector<std::uint8_t> &bytes);

} // namespace nwgate::packets
