// SPDX-License-Identifier: LGPL-2.1-or-later
/// The marks that nwgate leaves in the kernel: whose a chain or rule is, and where it was written.
#pragma once

#include "engine/program/program.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace nwgate::xtables {

/// What the user data of a rule says.
struct OriginText {
  /// `no-ip-spoofing.xml:12:3`; empty for jumps and links, which no document holds.
  std::string place;
  /// The includes that lead there, the nearest first: `clean-traffic.xml:20:3`.
  std::vector<std::string> included_from;
  /// `IP=10.0.0.1`.
  std::vector<std::string> values;
  /// There was more than the kernel's 256 bytes hold.
  bool cut = false;
  bool operator==(const OriginText &) const = default;
};

OriginText origin_text(const ProgramRule &rule);

/// User data for a rule of ours. nf_tables' own tools use the types 0 and 1, so ours are far from them.
std::vector<std::uint8_t> rule_mark(const OriginText &origin);
/// User data for a table, for a chain, and for a link in a shared chain; `port` is empty for shared ones.
std::vector<std::uint8_t> owner_mark(const std::string &port);

/// What rule_mark() wrote, or nothing if the rule is not ours.
std::optional<OriginText> read_rule_mark(std::span<const std::uint8_t> user_data);
/// The port that owner_mark() was given, or nothing if the thing is not ours.
std::optional<std::string> read_owner_mark(std::span<const std::uint8_t> user_data);

} // namespace nwgate::xtables
