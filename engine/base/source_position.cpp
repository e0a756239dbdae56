// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/base/source_position.h"

#include <algorithm>
#include <fmt/format.h>

namespace nwgate {

SourceText::SourceText(std::string document_name, std::string document_text)
    : name(std::move(document_name)), text(std::move(document_text)), line_starts{0} {
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', end + 1))
    line_starts.push_back(end + 1);
}

SourcePosition SourcePosition::at_offset(const std::shared_ptr<const SourceText> &source, std::size_t offset) {
  const auto after = std::ranges::upper_bound(source->line_starts, offset);
  const auto line = static_cast<std::uint32_t>(after - source->line_starts.begin());
  return {source, line, static_cast<std::uint32_t>(offset - source->line_starts[line - 1] + 1)};
}

const std::string &SourcePosition::file() const {
  static const std::string unknown;
  return source ? source->name : unknown;
}

std::string SourcePosition::to_string() const {
  return line == 0 ? file() : fmt::format("{}:{}:{}", file(), line, column);
}

std::string SourcePosition::short_form() const {
  return fmt::format("{}:{}:{}", file().substr(file().rfind('/') + 1), line, column);
}

std::string_view SourcePosition::line_text() const {
  if (!source || line == 0 || line > source->line_starts.size())
    return {};
  const auto &starts = source->line_starts;
  const auto begin = starts[line - 1];
  // Not searched for: a line can be as long as the document, and have a diagnostic at each word.
  const auto end = line < starts.size() ? starts[line] - 1 : source->text.size();
  auto text = std::string_view(source->text).substr(begin, end - begin);
  if (text.ends_with('\r'))
    text.remove_suffix(1);
  return text;
}

} // namespace nwgate
