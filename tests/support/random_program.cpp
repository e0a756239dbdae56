// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/support/random_program.h"

#include "engine/program/names.h"

#include <algorithm>
#include <array>

namespace nwgate::test {
namespace {

constexpr unsigned field_count = static_cast<unsigned>(Field::set_lookup) + 1;
constexpr unsigned type_count = static_cast<unsigned>(ValueType::tcp_flags) + 1;

class Generator {
public:
  Generator(const Choice &choose, bool closed) : choose_(choose), closed_(closed) {}

  Program program() {
    Program result{text(), {}};
    for (const auto layer : {Layer::ethernet, Layer::ipv4, Layer::ipv6})
      for (const auto direction : {Direction::out, Direction::in})
        if (coin())
          add_chains(layer, direction, result);
    return result;
  }

private:
  bool coin() { return choose_(2) == 1; }
  template <typename T> T pick(std::initializer_list<T> values) {
    return values.begin()[choose_(static_cast<unsigned>(values.size()))];
  }
  std::uint32_t number() { return pick<std::uint32_t>({0, 1, choose_(256), choose_(65536), 0xffffffffU}); }

  std::string text() {
    static constexpr std::array pieces = {"a",        "root",   "B_1",  " ",  "\"", "\\", "\n",  "\\n", ",",
                                          " @ ",      " with ", "=",    ":",  ": ", "; ", " & ", "/",   "-",
                                          "\xc3\xa4", "\xff",   "drop", "$A", "\r", "\t", "\x01"};
    std::string result;
    for (auto count = choose_(4); count > 0; --count)
      result += pieces.at(choose_(pieces.size()));
    return result;
  }

  void add_chains(Layer layer, Direction direction, Program &result) {
    const auto end = pick({VerdictKind::accept, VerdictKind::return_to_caller});
    std::vector<std::string> jumps;
    for (auto count = layer == Layer::ethernet ? choose_(3) : 0; count > 0; --count) {
      auto name = text();
      if (name != root_chain && std::ranges::find(jumps, name) == jumps.end())
        jumps.push_back(std::move(name));
    }
    result.chains.push_back({layer, direction, root_chain, 0, {}, end});
    for (const auto &name : jumps) {
      ProgramRule jump = matches_only();
      jump.verdict = VerdictKind::jump;
      jump.jump_target = name;
      result.chains.back().rules.push_back(std::move(jump));
    }
    add_rules(layer, result.chains.back().rules);
    for (const auto &name : jumps) {
      result.chains.push_back({layer, direction, name, static_cast<int>(choose_(2001)) - 1000, {}, end});
      add_rules(layer, result.chains.back().rules);
    }
  }

  void add_rules(Layer layer, std::vector<ProgramRule> &rules) {
    for (auto count = choose_(3); count > 0; --count) {
      ProgramRule rule = matches_only();
      rule.verdict = pick(
          {VerdictKind::accept, VerdictKind::drop, VerdictKind::return_to_caller, VerdictKind::continue_with_next});
      if (layer != Layer::ethernet && coin())
        rule.verdict = VerdictKind::reject;
      if (coin())
        rule.comment = text();
      rule.origin = std::make_shared<const Origin>(origin());
      if (closed_)
        for (auto values = choose_(3); values > 0; --values)
          rule.values.emplace_back(access().to_string().substr(1), text());
      rules.push_back(std::move(rule));
    }
  }

  ProgramRule matches_only() {
    ProgramRule rule;
    if (!closed_)
      add_slots(rule);
    for (auto count = choose_(4); count > 0; --count)
      rule.matches.push_back(match(rule));
    return rule;
  }

  VariableAccess access() {
    VariableAccess result{pick<std::string>({"A", "IP", "b_2", "7"}), std::nullopt, 0};
    if (coin())
      result.element = choose_(4);
    else
      result.iterator = pick({0U, 1U, max_iterator});
    return result;
  }

  /// An access stands in one place of a rule's slots only.
  void add_slots(ProgramRule &rule) {
    std::vector<VariableAccess> known;
    for (auto slots = choose_(3); slots > 0; --slots) {
      Slot slot;
      for (auto columns = 1 + choose_(2); columns > 0; --columns) {
        SlotVariable column{access(), {}};
        if (std::ranges::find(known, column.access) != known.end())
          continue;
        known.push_back(column.access);
        for (auto defaults = choose_(3); defaults > 0; --defaults)
          column.defaults.push_back(text());
        slot.columns.push_back(std::move(column));
      }
      if (!slot.columns.empty())
        rule.slots.push_back(std::move(slot));
    }
  }

  Literal literal(Notation notation) {
    switch (notation) {
    case Notation::mac: {
      MacAddress address;
      std::ranges::generate(address.bytes, [this] { return static_cast<std::uint8_t>(choose_(256)); });
      return address;
    }
    case Notation::ipv4: {
      Ipv4Address address;
      std::ranges::generate(address.bytes, [this] { return static_cast<std::uint8_t>(choose_(256)); });
      return address;
    }
    case Notation::ipv6: {
      Ipv6Address address;
      std::ranges::generate(address.bytes, [this] { return static_cast<std::uint8_t>(coin() ? 0 : choose_(256)); });
      return address;
    }
    case Notation::text:
      return text();
    case Notation::states:
      return choose_(16);
    case Notation::ct_direction:
      return choose_(2);
    case Notation::tcp_flags:
      return choose_(64);
    default:
      return number();
    }
  }

  Operand operand(Notation notation, const ProgramRule &rule) {
    if (rule.slots.empty() || coin())
      return literal(notation);
    const auto slot = choose_(static_cast<unsigned>(rule.slots.size()));
    const auto column = choose_(static_cast<unsigned>(rule.slots[slot].columns.size()));
    return SlotRef{static_cast<std::uint16_t>(slot),
                   static_cast<std::uint16_t>(column),
                   static_cast<ValueType>(choose_(type_count)),
                   {}};
  }

  Match match(const ProgramRule &rule) {
    Match result{static_cast<Field>(choose_(field_count)), coin(), Form::single, {}};
    const auto notation = info_of(result.field).notation;
    const bool is_icmp = result.field == Field::icmp_type || result.field == Field::icmp6_type;
    if (result.field == Field::set_lookup)
      result.form = Form::pair;
    else if (is_icmp)
      result.form = pick({Form::single, Form::pair, Form::range_pair});
    else if (notation == Notation::mac || notation == Notation::tcp_flags)
      result.form = pick({Form::single, Form::masked});
    else if (notation == Notation::ipv4 || notation == Notation::ipv6)
      result.form = pick({Form::single, Form::masked, Form::range});
    else if (notation == Notation::decimal)
      result.form = pick({Form::single, Form::range});
    const bool prefix = result.form == Form::masked && (notation == Notation::ipv4 || notation == Notation::ipv6);
    result.operands.push_back(operand(notation, rule));
    if (result.form != Form::single)
      result.operands.push_back(prefix ? Operand(Literal(choose_(129))) : operand(notation, rule));
    if (result.form == Form::range_pair)
      for (int i = 0; i < 2; ++i)
        result.operands.push_back(operand(notation, rule));
    return result;
  }

  SourcePosition place() { return {std::make_shared<const SourceText>(text(), ""), choose_(1000), choose_(1000)}; }

  Origin origin() {
    Origin result{place(), text(), {}};
    for (auto steps = choose_(3); steps > 0; --steps)
      result.path.push_back({place(), text()});
    return result;
  }

  const Choice &choose_;
  bool closed_;
};

bool same_place(const SourcePosition &left, const SourcePosition &right) {
  return left.file() == right.file() && left.line == right.line && left.column == right.column;
}

bool same_origin(const std::shared_ptr<const Origin> &left, const std::shared_ptr<const Origin> &right) {
  if (!left || !right)
    return left == right;
  return same_place(left->where, right->where) && left->filter == right->filter &&
         std::ranges::equal(left->path, right->path, [](const Origin::Step &a, const Origin::Step &b) {
           return same_place(a.where, b.where) && a.filter == b.filter;
         });
}

bool same_rule(const ProgramRule &left, const ProgramRule &right) {
  return left.matches == right.matches && left.verdict == right.verdict && left.jump_target == right.jump_target &&
         left.comment == right.comment && left.slots == right.slots && left.values == right.values &&
         same_origin(left.origin, right.origin);
}

} // namespace

Program random_program(const Choice &choose, bool closed) { return Generator(choose, closed).program(); }

bool same_content(const Program &left, const Program &right) {
  return left.filter == right.filter &&
         std::ranges::equal(left.chains, right.chains, [](const Chain &a, const Chain &b) {
           return a.layer == b.layer && a.direction == b.direction && a.name == b.name && a.priority == b.priority &&
                  a.end == b.end && std::ranges::equal(a.rules, b.rules, same_rule);
         });
}

} // namespace nwgate::test
