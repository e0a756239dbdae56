// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/base/diagnostics.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <map>
#include <tuple>

namespace nwgate {
namespace {

bool same_place(const Diagnostic &left, const Diagnostic &right) {
  return left.id == right.id && left.message == right.message && left.where.file() == right.where.file() &&
         left.where.line == right.where.line && left.where.column == right.where.column;
}

/// The source line and a caret below the column; tabs keep their width in the caret's line.
std::string excerpt(const SourcePosition &where) {
  const std::string line = where.line_text();
  if (line.empty() || where.column == 0)
    return {};
  std::string padding;
  for (std::size_t i = 0; i + 1 < where.column && i < line.size(); ++i) {
    const auto byte = static_cast<unsigned char>(line[i]);
    if ((byte & 0xc0U) != 0x80U) // bytes that continue a UTF-8 character take no width
      padding += byte == '\t' ? '\t' : ' ';
  }
  return fmt::format("    {}\n    {}^\n", line, padding);
}

} // namespace

Diagnostic &Diagnostics::error(std::string_view id, SourcePosition where, std::string message) {
  ++errors_;
  return items_.emplace_back(Diagnostic{Severity::error, id, std::move(where), std::move(message), {}});
}

Diagnostic &Diagnostics::warning(std::string_view id, SourcePosition where, std::string message) {
  return items_.emplace_back(Diagnostic{Severity::warning, id, std::move(where), std::move(message), {}});
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
  const auto repeated = std::ranges::unique(result, same_place);
  result.erase(repeated.begin(), repeated.end());
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
                     diagnostic.severity == Severity::error ? "error" : "warning", diagnostic.message,
                     diagnostic.id);
}

std::string to_text(const Diagnostic &diagnostic) {
  std::string text = to_line(diagnostic) + '\n' + excerpt(diagnostic.where);
  for (const auto &note : diagnostic.notes)
    text += fmt::format("{}: note: {}\n{}", note.where.to_string(), note.message, excerpt(note.where));
  return text;
}

} // namespace nwgate
