// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/program/names.h"
#include "engine/program/text_form.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <limits>
#include <map>

namespace nwgate {
namespace {

/// Thrown and caught in this file only.
struct SyntaxError {
  std::string expected;
};

/// A cursor over one line.
class Line {
public:
  explicit Line(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }

  bool accept(std::string_view text) {
    if (!rest_.starts_with(text))
      return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  void expect(std::string_view text) {
    if (!accept(text))
      throw SyntaxError{fmt::format("'{}'", text)};
  }
  /// Up to one of `stops`, which stays.
  std::string_view word(std::string_view stops) {
    const auto end = std::min(rest_.find_first_of(stops), rest_.size());
    if (end == 0)
      throw SyntaxError{"a word"};
    const auto result = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return result;
  }
  template <typename Number> Number number(std::string_view stops = " :,;/-") {
    auto text = rest_;
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{})
      throw SyntaxError{"a number"};
    rest_.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (!rest_.empty() && stops.find(rest_.front()) == stops.npos)
      throw SyntaxError{"a number"};
    return value;
  }
  std::string quoted() {
    expect("\"");
    std::string result;
    while (true) {
      if (rest_.empty())
        throw SyntaxError{"'\"'"};
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"')
        return result;
      if (c != '\\') {
        result += c;
        continue;
      }
      if (rest_.empty())
        throw SyntaxError{"a character behind '\\'"};
      result += rest_.front() == 'n' ? '\n' : rest_.front();
      rest_.remove_prefix(1);
    }
  }
  [[nodiscard]] char peek() const { return rest_.empty() ? '\0' : rest_.front(); }

private:
  std::string_view rest_;
};

template <typename T> T need(std::optional<T> value, std::string_view what) {
  if (!value)
    throw SyntaxError{std::string(what)};
  return std::move(*value);
}

class ProgramParser {
public:
  std::variant<Program, std::string> run(std::string_view text) {
    std::size_t line_number = 0;
    while (!text.empty()) {
      ++line_number;
      const auto end = std::min(text.find('\n'), text.size());
      try {
        parse_line(text.substr(0, end));
      } catch (const SyntaxError &error) {
        return fmt::format("line {}: {} expected", line_number, error.expected);
      }
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    return std::move(program_);
  }

private:
  void parse_line(std::string_view text) {
    Line line(text);
    if (line.accept("program "))
      program_.filter = line.quoted();
    else if (line.accept("chain "))
      program_.chains.push_back(parse_chain(line));
    else if (line.accept("  "))
      parse_rule(line);
    else
      throw SyntaxError{"'program', 'chain' or a rule"};
    if (!line.at_end())
      throw SyntaxError{"the end of the line"};
  }

  static Chain parse_chain(Line &line) {
    Chain chain;
    chain.layer = need(find_layer(line.word(" ")), "a layer");
    line.expect(" ");
    chain.direction = need(find_direction(line.word(" ")), "a direction");
    line.expect(" ");
    chain.name = line.quoted();
    line.expect(" ");
    chain.priority = line.number<int>();
    line.expect(" end ");
    chain.end = need(find_verdict(line.word(" ")), "a verdict");
    return chain;
  }

  void parse_rule(Line &line) {
    if (program_.chains.empty())
      throw SyntaxError{"a chain before its rules"};
    ProgramRule rule;
    if (line.accept("for "))
      parse_slots(line, rule);
    while (true) {
      Line ahead = line;
      if (const auto verdict = find_verdict(ahead.word(" "))) {
        rule.verdict = *verdict;
        line = ahead;
        break;
      }
      rule.matches.push_back(parse_match(line, rule));
      line.expect(", ");
    }
    if (rule.verdict == VerdictKind::jump) {
      line.expect(" ");
      rule.jump_target = line.quoted();
    }
    if (line.accept(" comment "))
      rule.comment = line.quoted();
    if (line.accept(" with "))
      do {
        std::string name(line.word("="));
        line.expect("=");
        rule.values.emplace_back(std::move(name), line.quoted());
      } while (line.accept(", "));
    if (line.accept(" @ "))
      rule.origin = std::make_shared<const Origin>(parse_origin(line));
    program_.chains.back().rules.push_back(std::move(rule));
  }

  static VariableAccess parse_access(std::string_view text) {
    if (!text.starts_with('$'))
      throw SyntaxError{"a variable"};
    auto access = VariableAccess::parse(text);
    if (const auto *why = std::get_if<std::string>(&access))
      throw SyntaxError{*why};
    return std::get<VariableAccess>(std::move(access));
  }

  static void parse_slots(Line &line, ProgramRule &rule) {
    do {
      Slot slot;
      do {
        SlotVariable column{parse_access(line.word(" =:;")), {}};
        if (line.accept("="))
          do
            column.defaults.push_back(line.quoted());
          while (line.accept(","));
        slot.columns.push_back(std::move(column));
      } while (line.accept(" & "));
      rule.slots.push_back(std::move(slot));
    } while (line.accept("; "));
    line.expect(": ");
  }

  static Match parse_match(Line &line, const ProgramRule &rule) {
    Match match;
    match.negated = line.accept("not ");
    match.field = need(find_field(line.word(" ")), "a field or a verdict");
    line.expect(" ");
    const auto notation = info_of(match.field).notation;
    match.operands.push_back(parse_operand(line, notation, rule));
    const bool is_pair =
        match.field == Field::icmp_type || match.field == Field::icmp6_type || match.field == Field::set_lookup;
    if (line.accept("/")) {
      match.form = is_pair ? Form::pair : Form::masked;
      match.operands.push_back(parse_operand(line, notation, rule));
    } else if (line.accept("-")) {
      match.form = Form::range;
      match.operands.push_back(parse_operand(line, notation, rule));
      if (is_pair) {
        match.form = Form::range_pair;
        line.expect("/");
        match.operands.push_back(parse_operand(line, notation, rule));
        line.expect("-");
        match.operands.push_back(parse_operand(line, notation, rule));
      }
    }
    return match;
  }

  static Operand parse_operand(Line &line, Notation notation, const ProgramRule &rule) {
    if (line.peek() == '$')
      return parse_reference(line, rule);
    if (line.peek() == '"')
      return Literal(line.quoted());
    return parse_literal(line.word(" ,/-"), notation);
  }

  static Operand parse_reference(Line &line, const ProgramRule &rule) {
    constexpr std::size_t reachable = std::numeric_limits<std::uint16_t>::max() + 1UL; // by a SlotRef
    const auto access = parse_access(line.word(":"));
    line.expect(":");
    const auto type = need(find_value_type(line.word(" ,/-")), "a type");
    for (std::size_t slot = 0; slot < std::min(rule.slots.size(), reachable); ++slot)
      for (std::size_t column = 0; column < std::min(rule.slots[slot].columns.size(), reachable); ++column)
        if (rule.slots[slot].columns[column].access == access)
          return SlotRef{static_cast<std::uint16_t>(slot), static_cast<std::uint16_t>(column), type, {}};
    throw SyntaxError{"a variable of the rule's slots"};
  }

  static Literal parse_literal(std::string_view text, Notation notation) {
    std::uint32_t number = 0;
    const int base = text.starts_with("0x") ? 16 : 10;
    const auto digits = base == 16 ? text.substr(2) : text;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
    const bool is_number = error == std::errc{} && end == digits.data() + digits.size();
    switch (notation) {
    case Notation::mac:
      return need(MacAddress::parse(text), "a MAC address");
    case Notation::ipv4: // a number is a prefix length: addresses are written with their dots
      return is_number ? Literal(number) : Literal(need(Ipv4Address::parse(text), "an IPv4 address"));
    case Notation::ipv6:
      return is_number ? Literal(number) : Literal(need(Ipv6Address::parse(text), "an IPv6 address"));
    case Notation::states:
      return need(parse_states(text), "connection states");
    case Notation::tcp_flags:
      return need(parse_tcp_flags(text), "TCP flags");
    case Notation::ct_direction:
      if (text != "original" && text != "reply")
        throw SyntaxError{"'original' or 'reply'"};
      return text == "reply" ? 1U : 0U;
    default:
      if (!is_number)
        throw SyntaxError{"a number"};
      return number;
    }
  }

  SourcePosition parse_place(Line &line, std::string &filter) {
    const auto file = line.quoted();
    auto &source = sources_[file];
    if (!source)
      source = std::make_shared<const SourceText>(file, "");
    SourcePosition where{source, 0, 0};
    line.expect(":");
    where.line = line.number<std::uint32_t>();
    line.expect(":");
    where.column = line.number<std::uint32_t>();
    line.expect(" in ");
    filter = line.quoted();
    return where;
  }

  Origin parse_origin(Line &line) {
    Origin origin;
    origin.where = parse_place(line, origin.filter);
    while (line.accept(" from ")) {
      Origin::Step step;
      step.where = parse_place(line, step.filter);
      origin.path.insert(origin.path.begin(), std::move(step));
    }
    return origin;
  }

  Program program_;
  std::map<std::string, std::shared_ptr<const SourceText>> sources_;
};

} // namespace

std::variant<Program, std::string> parse_program(std::string_view text) { return ProgramParser().run(text); }

} // namespace nwgate
