// SPDX-License-Identifier: LGPL-2.1-or-later
/// What people see: diagnostics, failures, tables, colours.
#pragma once

#include "engine/base/diagnostics.h"
#include "engine/base/error.h"

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace nwgate {

/// To stderr, as text or as JSON.
void print_diagnostics(const Diagnostics &diagnostics, bool json);
/// `nwgate: MESSAGE`, to stderr.
void print_failure(const Error &error);

/// Names of files may hold bytes that are no UTF-8, which JSON cannot: they are replaced. On one line if `indent` is
/// -1.
std::string json_text(const nlohmann::ordered_json &json, int indent = 2);

/// Columns as wide as their widest cell, two blanks between them. The first row is the head.
std::string format_table(const std::vector<std::vector<std::string>> &rows);

/// Escape sequences when stdout is a terminal and NO_COLOR is not set, otherwise nothing.
class Colours {
public:
  Colours();
  [[nodiscard]] std::string_view bold() const { return on_ ? "\033[1m" : ""; }
  [[nodiscard]] std::string_view dim() const { return on_ ? "\033[2m" : ""; }
  [[nodiscard]] std::string_view red() const { return on_ ? "\033[31m" : ""; }
  [[nodiscard]] std::string_view green() const { return on_ ? "\033[32m" : ""; }
  [[nodiscard]] std::string_view yellow() const { return on_ ? "\033[33m" : ""; }
  [[nodiscard]] std::string_view end() const { return on_ ? "\033[0m" : ""; }

private:
  bool on_;
};

} // namespace nwgate
