// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/program/text_form.h"

#include "engine/program/names.h"

#include <fmt/format.h>

namespace nwgate {
namespace {

/// Backslash and quote are escaped, line ends written `\n`.
std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '\n') {
      result += "\\n";
      continue;
    }
    if (c == '"' || c == '\\')
      result += '\\';
    result += c;
  }
  return result + '"';
}

struct LiteralText {
  Notation notation;

  std::string operator()(std::uint32_t number) const {
    switch (notation) {
    case Notation::hexadecimal:
      return fmt::format("0x{:04x}", number);
    case Notation::states:
      return states_to_text(number);
    case Notation::ct_direction:
      return number != 0 ? "reply" : "original";
    case Notation::tcp_flags:
      return tcp_flags_to_text(number);
    default: // masks of addresses are numbers too
      return fmt::format("{}", number);
    }
  }
  std::string operator()(const std::string &text) const { return quoted(text); }
  template <typename Address> std::string operator()(const Address &address) const { return address.to_string(); }
};

std::string operand_text(const Operand &operand, Notation notation, const ProgramRule &rule) {
  if (const auto *literal = std::get_if<Literal>(&operand))
    return std::visit(LiteralText{notation}, *literal);
  const auto &reference = std::get<SlotRef>(operand);
  const auto &column = rule.slots[reference.slot].columns[reference.column];
  return fmt::format("{}:{}", column.access.to_string(), name_of(reference.type));
}

/// What stands in front of each operand but the first.
std::string_view separators(Form form) {
  switch (form) {
  case Form::single:
    return "";
  case Form::masked:
  case Form::pair:
    return "/";
  case Form::range:
    return "-";
  case Form::range_pair:
    return "-/-";
  }
  return "";
}

std::string slots_text(const std::vector<Slot> &slots) {
  std::string text;
  for (const auto &slot : slots) {
    text += text.empty() ? "" : "; ";
    for (std::size_t i = 0; i < slot.columns.size(); ++i) {
      const auto &column = slot.columns[i];
      text += i == 0 ? "" : " & ";
      text += column.access.to_string();
      for (std::size_t value = 0; value < column.defaults.size(); ++value)
        text += (value == 0 ? "=" : ",") + quoted(column.defaults[value]);
    }
  }
  return text;
}

std::string origin_text(const Origin &origin) {
  const auto place = [](const SourcePosition &where, const std::string &filter) {
    return fmt::format("{}:{}:{} in {}", quoted(where.file()), where.line, where.column, quoted(filter));
  };
  std::string text = place(origin.where, origin.filter);
  for (auto step = origin.path.rbegin(); step != origin.path.rend(); ++step)
    text += " from " + place(step->where, step->filter);
  return text;
}

std::string rule_text(const ProgramRule &rule) {
  std::string text = "  ";
  if (!rule.slots.empty())
    text += fmt::format("for {}: ", slots_text(rule.slots));
  for (const auto &match : rule.matches)
    text += to_text(match, rule) + ", ";
  text += name_of(rule.verdict);
  if (rule.verdict == VerdictKind::jump)
    text += ' ' + quoted(rule.jump_target);
  if (rule.comment)
    text += " comment " + quoted(*rule.comment);
  for (std::size_t i = 0; i < rule.values.size(); ++i)
    text += fmt::format("{}{}={}", i == 0 ? " with " : ", ", rule.values[i].first, quoted(rule.values[i].second));
  if (rule.origin)
    text += " @ " + origin_text(*rule.origin);
  return text + '\n';
}

} // namespace

std::string to_text(const Match &match, const ProgramRule &rule) {
  const auto &info = info_of(match.field);
  std::string text = fmt::format("{}{} ", match.negated ? "not " : "", info.name);
  for (std::size_t i = 0; i < match.operands.size(); ++i) {
    if (i > 0)
      text += separators(match.form)[i - 1];
    text += operand_text(match.operands[i], info.notation, rule);
  }
  return text;
}

std::string to_text(const Program &program) {
  std::string text = fmt::format("program {}\n", quoted(program.filter));
  for (const auto &chain : program.chains) {
    text += fmt::format("chain {} {} {} {} end {}\n", name_of(chain.layer), name_of(chain.direction),
                        quoted(chain.name), chain.priority, name_of(chain.end));
    for (const auto &rule : chain.rules)
      text += rule_text(rule);
  }
  return text;
}

} // namespace nwgate
