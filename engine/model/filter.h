// SPDX-License-Identifier: LGPL-2.1-or-later
/// A `<filter>` document as the user wrote it.
#pragma once

#include "engine/base/source_position.h"
#include "engine/model/protocol.h"
#include "engine/model/variable.h"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace nwgate {

enum class Action : std::uint8_t { accept, drop, reject, return_to_caller, continue_with_next };

/// Seen from the workload.
enum class RuleDirection : std::uint8_t { in, out, inout };

struct AttributeValue {
  Attribute attribute{};
  std::variant<Literal, VariableAccess> value;
  /// `match='no'` stood at the element.
  bool negated = false;
  SourcePosition where;
};

inline constexpr int min_priority = -1000;
inline constexpr int max_priority = 1000;
inline constexpr int default_rule_priority = 500;

struct Rule {
  Action action{};
  RuleDirection direction{};
  /// min_priority to max_priority; lower is earlier.
  int priority = default_rule_priority;
  /// Whether an accept is limited to the packets of a connection that the rule started.
  bool statematch = true;
  Protocol protocol = Protocol::none;
  /// In the order of their elements and, within one, of the protocol's table. Each attribute once.
  std::vector<AttributeValue> attributes;
  SourcePosition where;

  [[nodiscard]] const AttributeValue *find(Attribute attribute) const;
};

struct Parameter {
  std::string name;
  std::string value;
  SourcePosition where;
};

/// An include of another filter. Parameters of the same name make a list, in order.
struct FilterRef {
  std::string filter;
  std::vector<Parameter> parameters;
  SourcePosition where;
};

struct Filter {
  std::string name;
  /// Lower case with dashes; empty when the document has none.
  std::string uuid;
  /// `root`, or a name that begins with a chain prefix.
  std::string chain = "root";
  /// min_priority to max_priority, the prefix's default when the document has none.
  int priority = 0;
  /// Rules and includes in document order.
  std::vector<std::variant<Rule, FilterRef>> items;
  SourcePosition where;
};

} // namespace nwgate
