// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/xml/rule_reader.h"

#include "engine/model/diagnostic_ids.h"
#include "engine/xml/element_checks.h"
#include "engine/xml/rule_checks.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>

namespace nwgate::xml {
namespace {

template <typename Enum, std::size_t Size>
std::optional<Enum> find_word(const std::array<std::pair<std::string_view, Enum>, Size> &words, std::string_view text) {
  const auto found = std::ranges::find(words, text, &std::pair<std::string_view, Enum>::first);
  return found == words.end() ? std::nullopt : std::optional(found->second);
}

constexpr std::array<std::pair<std::string_view, Action>, 5> actions = {{{"accept", Action::accept},
                                                                         {"drop", Action::drop},
                                                                         {"reject", Action::reject},
                                                                         {"return", Action::return_to_caller},
                                                                         {"continue", Action::continue_with_next}}};
constexpr std::array<std::pair<std::string_view, RuleDirection>, 3> directions = {
    {{"in", RuleDirection::in}, {"out", RuleDirection::out}, {"inout", RuleDirection::inout}}};
/// libvirt switches it off for `0` and `false`; what else it takes for "on" is refused here.
constexpr std::array<std::pair<std::string_view, bool>, 4> statematch_words = {
    {{"0", false}, {"false", false}, {"1", true}, {"true", true}}};

class RuleReader {
public:
  RuleReader(const Element &element, Diagnostics &diagnostics) : element_(element), diagnostics_(diagnostics) {}

  Rule read() {
    const auto errors = diagnostics_.error_count();
    rule_.where = element_.where();
    allow_attributes(element_, {"action", "direction", "priority", "statematch"}, diagnostics_);
    allow_no_text(element_, diagnostics_);
    read_head();
    for (const auto &child : element_.children())
      read_protocol(child);
    if (diagnostics_.error_count() == errors)
      check_rule(rule_, diagnostics_);
    return std::move(rule_);
  }

private:
  void read_head() {
    if (const auto action = require_attribute(element_, "action", diagnostics_)) {
      if (const auto word = find_word(actions, action->value))
        rule_.action = *word;
      else
        diagnostics_.error(id::unknown_action, action->where,
                           fmt::format("unknown action '{}': accept, drop, reject, return or continue", action->value));
    }
    if (const auto direction = require_attribute(element_, "direction", diagnostics_)) {
      if (const auto word = find_word(directions, direction->value))
        rule_.direction = *word;
      else
        diagnostics_.error(id::unknown_direction, direction->where,
                           fmt::format("unknown direction '{}': in, out or inout", direction->value));
    }
    if (const auto priority = element_.attribute("priority"))
      read_priority(*priority, rule_.priority, diagnostics_);
    if (const auto statematch = element_.attribute("statematch")) {
      std::string lower = statematch->value;
      std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
      if (const auto word = find_word(statematch_words, lower))
        rule_.statematch = *word;
      else
        diagnostics_.error(id::illegal_statematch, statematch->where,
                           fmt::format("statematch is '{}': true, 1, false or 0", statematch->value));
    }
  }

  void read_protocol(const Element &child) {
    const auto *spec = find_protocol(child.name());
    if (spec == nullptr) {
      report_unknown_child(element_, child, diagnostics_);
      return;
    }
    if (rule_.protocol != Protocol::none && rule_.protocol != spec->protocol) {
      diagnostics_.error(id::mixed_protocols, child.where(),
                         fmt::format("<{}> and <{}> in one rule: a rule has one protocol", spec_of(rule_.protocol).name,
                                     child.name()));
      return;
    }
    rule_.protocol = spec->protocol;
    allow_no_text(child, diagnostics_);
    for (const auto &grandchild : child.children())
      report_unknown_child(child, grandchild, diagnostics_);
    read_attributes(child, *spec);
  }

  void read_attributes(const Element &child, const ProtocolSpec &spec) {
    const auto attributes = child.attributes();
    bool negated = false;
    for (const auto &attribute : attributes) {
      if (attribute.name == "match")
        negated = read_match(attribute);
      else if (std::ranges::find(spec.attributes, attribute.name, &AttributeSpec::name) == spec.attributes.end())
        diagnostics_.error(id::unknown_attribute, attribute.where,
                           fmt::format("<{}> has no attribute '{}'", spec.name, attribute.name));
    }
    // In the table's order, which is the order in which variables count as first used.
    for (const auto &expected : spec.attributes) {
      const auto found = std::ranges::find(attributes, expected.name, &Attribute::name);
      if (found != attributes.end())
        read_attribute(*found, expected, negated);
    }
  }

  bool read_match(const Attribute &match) {
    if (match.value != "no" && match.value != "yes")
      diagnostics_.error(id::illegal_match, match.where, fmt::format("match is '{}': yes or no", match.value));
    return match.value == "no";
  }

  void read_attribute(const Attribute &attribute, const AttributeSpec &spec, bool negated) {
    if (const auto *earlier = rule_.find(spec.attribute)) {
      diagnostics_
          .error(id::repeated_attribute, attribute.where,
                 fmt::format("'{}' is given twice in one rule", attribute.name))
          .note(earlier->where, "first given here");
      return;
    }
    AttributeValue value{spec.attribute, {}, negated, attribute.where};
    // A comment is text, also with a dollar sign.
    if (attribute.value.starts_with('$') && spec.type != ValueType::comment) {
      if (!read_variable(attribute, spec, value))
        return;
    } else if (const auto literal = parse_value(spec.type, attribute.value)) {
      value.value = *literal;
    } else {
      diagnostics_.error(id::illegal_value, attribute.where,
                         fmt::format("'{}' is '{}', not {}", attribute.name, attribute.value, describe(spec.type)));
      return;
    }
    rule_.attributes.push_back(std::move(value));
  }

  bool read_variable(const Attribute &attribute, const AttributeSpec &spec, AttributeValue &value) {
    auto access = VariableAccess::parse(attribute.value);
    if (const auto *why = std::get_if<std::string>(&access)) {
      diagnostics_.error(id::malformed_variable, attribute.where, *why);
      return false;
    }
    // A variable's value cannot hold the commas and slashes of these; and some decide which matches a rule has.
    if (spec.type == ValueType::states || spec.type == ValueType::tcp_flags || spec.type == ValueType::set_flags ||
        spec.type == ValueType::boolean) {
      diagnostics_.error(id::variable_not_allowed, attribute.where,
                         fmt::format("'{}' cannot be a variable", attribute.name));
      return false;
    }
    value.value = std::get<VariableAccess>(std::move(access));
    return true;
  }

  const Element &element_;
  Diagnostics &diagnostics_;
  Rule rule_;
};

} // namespace

Rule read_rule(const Element &element, Diagnostics &diagnostics) { return RuleReader(element, diagnostics).read(); }

} // namespace nwgate::xml
