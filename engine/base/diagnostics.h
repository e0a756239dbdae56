// SPDX-License-Identifier: LGPL-2.1-or-later
/// What is wrong, or worth knowing, in the user's documents: collected, never thrown.
#pragma once

#include "engine/base/source_position.h"

#include <string>
#include <string_view>
#include <vector>

namespace nwgate {

enum class Severity { error, warning };

struct Note {
  SourcePosition where;
  std::string message;
};

struct Diagnostic {
  Severity severity = Severity::error;
  /// Stable, `NWG201`; listed in docs/diagnostics.md.
  std::string_view id;
  SourcePosition where;
  std::string message;
  std::vector<Note> notes;

  Diagnostic &note(SourcePosition at, std::string text) {
    notes.push_back({std::move(at), std::move(text)});
    return *this;
  }
};

class Diagnostics {
public:
  /// The reference is valid until the next call.
  Diagnostic &error(std::string_view id, SourcePosition where, std::string message);
  Diagnostic &warning(std::string_view id, SourcePosition where, std::string message);

  /// True as long as there is no error; warnings do not count.
  [[nodiscard]] bool ok() const { return errors_ == 0; }
  [[nodiscard]] std::size_t error_count() const { return errors_; }
  /// In the order of the documents' places: by file as first met, then by line and column. The same diagnostic
  /// reported twice at one place is listed once.
  [[nodiscard]] std::vector<Diagnostic> sorted() const;
  void append(const Diagnostics &other);
  /// The same without warnings: what a command says that was not asked for advice.
  [[nodiscard]] Diagnostics errors_only() const;

private:
  std::vector<Diagnostic> items_;
  std::size_t errors_ = 0;
};

/// `file:line:column: error: text [NWG201]`, the source line with a caret, and the notes likewise.
std::string to_text(const Diagnostic &diagnostic);
/// The same without source lines, for places that have one line only.
std::string to_line(const Diagnostic &diagnostic);

} // namespace nwgate
