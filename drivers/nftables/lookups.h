// SPDX-License-Identifier: LGPL-2.1-or-later
/// Which variables of a program become sets, so that the program's rules stand in the kernel once for all ports.
#pragma once

#include "engine/program/program.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace nwgate::nftables {

/// A field of the packet in the key of a set, and where its value comes from.
struct KeyPart {
  /// How values are written: those of fields of one encoding may share a set.
  enum class Encoding : std::uint8_t { mac, ipv4, ipv6, u8, u16, dscp, dscp6 };
  Encoding encoding{};
  /// A column of the lookup's slots; or a literal, beside a column in `last` or `mask`.
  Operand first;
  /// The end of a range.
  std::optional<Operand> last;
  /// A MAC mask, or a prefix length of an IP address: fields are masked before they are looked up, unless it is a
  /// column, which makes the part an interval.
  std::optional<Operand> mask;

  bool operator==(const KeyPart &) const = default;

  [[nodiscard]] bool is_interval() const { return last || (mask && std::holds_alternative<SlotRef>(*mask)); }
  /// Bytes of the field: 1, 2, 4, 6 or 16. In a key it takes a multiple of four.
  [[nodiscard]] std::uint32_t length() const;
};

/// What a set holds: a tuple of values for each combination of the slots' tuples.
struct Lookup {
  /// References of the parts are to these.
  std::vector<Slot> slots;
  std::vector<KeyPart> parts;
  /// How many lookups of the program before it are called the same but for this number.
  unsigned namesakes = 0;
  /// name(), made once for the many ports that have such a set; empty if it is not known yet.
  std::string known_name;

  /// Whether both have the same elements for all values.
  bool operator==(const Lookup &other) const { return slots == other.slots && parts == other.parts; }

  [[nodiscard]] bool has_intervals() const;
  /// What the set is called behind the program's name: `IP.ipv4`, `A.B.ipv4.u16`, `IP.ipv4.2` for a second one.
  [[nodiscard]] std::string name() const;

private:
  [[nodiscard]] std::string made_name() const;
};

/// A lookup of one rule.
struct RuleLookup {
  /// Of ProgramLookups::lookups.
  std::size_t lookup = 0;
  /// The matches of the rule that it stands for, one for each part.
  std::vector<std::size_t> matches;
  /// The packet must not be in the set. Such a lookup has one part, and stands for the rule only while the slot has one
  /// tuple: a closed program has a rule for each tuple, of which one that does not match suffices.
  bool negated = false;
  /// The lookup's slots have to have one tuple each.
  bool is_single = false;
};

/// How a rule stands in the kernel.
struct RulePlan {
  /// Its variables cannot be looked up: the rule is written out with the values of each binding that needs it.
  bool spelled_out = false;
  /// It must not be shared by ports, whose connections would be counted together.
  bool is_private = false;
  std::vector<RuleLookup> lookups;

  [[nodiscard]] bool stands_for(std::size_t match) const;
};

struct ProgramLookups {
  std::vector<Lookup> lookups;
  /// One for each rule of each chain of the program.
  std::vector<std::vector<RulePlan>> chains;
};

/// Depends on the program alone.
ProgramLookups find_lookups(const Program &program);

} // namespace nwgate::nftables
