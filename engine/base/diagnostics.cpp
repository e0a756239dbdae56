// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/base/diagnostics.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <map>
#include <set>
#include <tuple>

namespace nwgate {
namespace {

/// Bytes of a message and of a source line that are shown: both can hold a value of the size of a document.
constexpr std::size_t longest_message = 500;
constexpr std::size_t longest_excerpt = 200;

bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80U; }

/// The text from `begin` on, at most `length` bytes, without half a UTF-8 character at either end.
std::string_view cut(std::string_view text, std::size_t begin, std::size_t length) {
  while (begin < text.size() && continues_character(text[begin]))
    ++begin;
  text.remove_prefix(begin);
  if (text.size() <= length)
    return text;
  while (length > 0 && continues_character(text[length]))
    --length;
  return text.substr(0, length);
}

std::string shortened(std::string message) {
  if (message.size() > longest_message) {
    message.resize(cut(message, 0, longest_message).size());
    message += "...";
  }
  return message;
}

/// The source line and a caret below the column; tabs keep their width in the caret's line. Of a long line, the part
/// around the column.
std::string excerpt(const SourcePosition &where) {
  auto line = where.line_text();
  if (line.empty() || where.column == 0)
    return {};
  std::size_t column = where.column - 1;
  if (line.size() > longest_excerpt) {
    const auto begin = column > longest_excerpt / 2 ? std::min(column - longest_excerpt / 2, line.size()) : 0;
    const auto *const start = line.data();
    line = cut(line, begin, longest_excerpt);
    column -= std::min(column, static_cast<std::size_t>(line.data() - start));
  }
  std::string padding;
  for (std::size_t i = 0; i < column && i < line.size(); ++i) {
    if (!continues_character(line[i])) // those take no width
      padding += line[i] == '\t' ? '\t' : ' ';
  }
  return fmt::format("    {}\n    {}^\n", line, padding);
}

} // namespace

Diagnostic &Diagnostics::error(std::string_view id, SourcePosition where, std::string message) {
  ++errors_;
  return items_.emplace_back(Diagnostic{Severity::error, id, std::move(where), shortened(std::move(message)), {}});
}

Diagnostic &Diagnostics::warning(std::string_view id, SourcePosition where, std::string message) {
  return items_.emplace_back(Diagnostic{Severity::warning, id, std::move(where), shortened(std::move(message)), {}});
}

std::vector<Diagnostic> Diagnostics::sorted() const {
  std::map<std::string, std::size_t> file_order;
  for (const auto &item : items_)
    file_order.try_emplace(item.where.file(), file_order.size());
  auto result = items_;
  std::ranges::stable_sort(result, [&](const Diagnostic &left, const Diagnostic &right) {
    return std::tuple(file_order[left.where.file()], left.where.line, left.where.column) <
           std::tuple(file_order[right.where.file()], right.where.line, right.where.column);
  });
  // Not only neighbours: one place can have several diagnostics, and each of them more than once.
  std::set<std::tuple<std::size_t, std::uint32_t, std::uint32_t, std::string_view, std::string>> seen;
  std::erase_if(result, [&](const Diagnostic &item) {
    const auto &where = item.where;
    return !seen.emplace(file_order[where.file()], where.line, where.column, item.id, item.message).second;
  });
  return result;
}

Diagnostics Diagnostics::errors_only() const {
  Diagnostics result;
  std::ranges::copy_if(items_, std::back_inserter(result.items_),
                       [](const Diagnostic &item) { return item.severity == Severity::error; });
  result.errors_ = errors_;
  return result;
}

void Diagnostics::append(const Diagnostics &other) {
  items_.insert(items_.end(), other.items_.begin(), other.items_.end());
  errors_ += other.errors_;
}

std::string to_line(const Diagnostic &diagnostic) {
  return fmt::format("{}: {}: {} [{}]", diagnostic.where.to_string(),
                     diagnostic.severity == Severity::error ? "error" : "warning", diagnostic.message, diagnostic.id);
}

std::string to_text(const Diagnostic &diagnostic) {
  std::string text = to_line(diagnostic) + '\n' + excerpt(diagnostic.where);
  for (const auto &note : diagnostic.notes)
    text += fmt::format("{}: note: {}\n{}", note.where.to_string(), note.message, excerpt(note.where));
  return text;
}

} // namespace nwgate
