// SPDX-License-Identifier: LGPL-2.1-or-later
/// The rules of one top filter, resolved: includes expanded, ordered, directions and connection states spelled out.
#pragma once

#include "engine/base/source_position.h"
#include "engine/model/value_type.h"
#include "engine/model/variable.h"
#include "engine/net/layer.h"
#include "engine/net/literal.h"
#include "engine/program/field.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace nwgate {

/// A column of one of the rule's slots: what a binding puts there is parsed as `type`.
struct SlotRef {
  std::uint16_t slot = 0;
  std::uint16_t column = 0;
  ValueType type{};
  /// Of the attribute that uses the variable.
  SourcePosition where;

  bool operator==(const SlotRef &other) const {
    return slot == other.slot && column == other.column && type == other.type;
  }
};

using Operand = std::variant<Literal, SlotRef>;

/// How the operands of a match belong together.
enum class Form : std::uint8_t {
  /// value
  single,
  /// value, mask: a prefix length for IP addresses, an address for MACs, a bit set for TCP flags
  masked,
  /// first, last; both inclusive
  range,
  /// type, code
  pair,
  /// first type, last type, first code, last code; all inclusive
  range_pair,
};

struct Match {
  Field field{};
  /// The match as a whole must fail.
  bool negated = false;
  Form form = Form::single;
  std::vector<Operand> operands;

  bool operator==(const Match &) const = default;
};

enum class VerdictKind : std::uint8_t {
  /// Final for the layer.
  accept,
  drop,
  /// Drop and tell the sender. Only in an IP layer.
  reject,
  /// Leave the chain; in a root chain, leave the layer with accept.
  return_to_caller,
  /// Go on with the next rule.
  continue_with_next,
  /// Go through another chain of the same layer and direction.
  jump,
};

/// Where a rule was written and how it came to be included.
struct Origin {
  SourcePosition where;
  std::string filter;
  /// The includes that lead to the filter, the top filter's first; empty for rules of the top filter.
  struct Step {
    SourcePosition where;
    /// The filter that holds the include.
    std::string filter;
  };
  std::vector<Step> path;
};

/// A variable of a slot. `defaults` is what the parameters of the includes on the way say; a binding's own value wins.
struct SlotVariable {
  VariableAccess access;
  std::vector<std::string> defaults;
  bool operator==(const SlotVariable &) const = default;
};

/// Variables that one rule looks up together: those that share an iterator, or one element.
struct Slot {
  std::vector<SlotVariable> columns;
  bool operator==(const Slot &) const = default;
};

struct ProgramRule {
  std::vector<Match> matches;
  VerdictKind verdict{};
  /// The chain that a jump leads to.
  std::string jump_target;
  std::optional<std::string> comment;
  /// Every variable that the rule's element names, also where this direction of the rule does not use it: their
  /// lists decide how often the rule stands in a closed program. Iterator 0 comes first.
  std::vector<Slot> slots;
  /// Null for jumps.
  std::shared_ptr<const Origin> origin;
  /// In a closed program: which value each variable has here, in the order of the slots. `IP`, `10.0.0.1`.
  std::vector<std::pair<std::string, std::string>> values;
};

inline constexpr const char *root_chain = "root";

struct Chain {
  Layer layer{};
  Direction direction{};
  /// `root` is where the layer's packets of the direction enter; others are reached by jumps.
  std::string name;
  /// The place among the root chain's rules; 0 for `root`.
  int priority = 0;
  std::vector<ProgramRule> rules;
  /// What happens to a packet that no rule decided. accept in the ethernet layer, as ebtables does it;
  /// return_to_caller in the IP layers.
  VerdictKind end = VerdictKind::accept;
};

struct Program {
  /// The top filter.
  std::string filter;
  /// In dispatch order: by layer, out before in, root first, then by the place of the jump.
  std::vector<Chain> chains;

  [[nodiscard]] const Chain *find(Layer layer, Direction direction, const std::string &name) const;
  /// True if any rule of the layer exists, also in the other direction.
  [[nodiscard]] bool has_layer(Layer layer) const;
  /// True if any rule has a match of this field.
  [[nodiscard]] bool looks_at(Field field) const;
};

/// A program whose slots are filled: no operand is a SlotRef, no rule has slots. Only close() and the text form make
/// it.
struct ClosedProgram {
  Program program;
};

} // namespace nwgate
