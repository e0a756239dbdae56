// SPDX-License-Identifier: LGPL-2.1-or-later
/// A place in a document, with the document's text at hand.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace nwgate {

/// A document as it was read.
struct SourceText {
  SourceText(std::string document_name, std::string document_text);

  /// The path as the user knows it, or a name such as `command line`.
  std::string name;
  std::string text;
  /// The offset of each line's first byte.
  std::vector<std::size_t> line_starts;
};

struct SourcePosition {
  /// The place of a byte of a document.
  static SourcePosition at_offset(const std::shared_ptr<const SourceText> &source, std::size_t offset);

  std::shared_ptr<const SourceText> source;
  /// From 1; 0 when only the document is known.
  std::uint32_t line = 0;
  /// From 1, in bytes.
  std::uint32_t column = 0;

  [[nodiscard]] const std::string &file() const;
  /// `file:line:column`, or `file` when the line is not known.
  [[nodiscard]] std::string to_string() const;
  /// `file:line:column`, without the file's directories.
  [[nodiscard]] std::string short_form() const;
  /// The whole line of the document, without its end; empty when there is none. Valid as long as `source`.
  [[nodiscard]] std::string_view line_text() const;
};

} // namespace nwgate
