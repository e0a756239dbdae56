// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/nwgate/output.h"

#include "engine/base/diagnostics_json.h"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <iostream>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace nwgate {

void print_diagnostics(const Diagnostics &diagnostics, bool json) {
  const auto sorted = diagnostics.sorted();
  if (json && !sorted.empty()) {
    std::cerr << to_json(sorted);
    return;
  }
  for (const auto &diagnostic : sorted)
    std::cerr << to_text(diagnostic);
}

void print_failure(const Error &error) { std::cerr << "nwgate: " << error.message() << '\n'; }

std::string json_text(const nlohmann::ordered_json &json, int indent) {
  return json.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string format_table(const std::vector<std::vector<std::string>> &rows) {
  std::vector<std::size_t> widths;
  for (const auto &row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto &row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i)
      line += fmt::format("{:<{}}", row[i], i + 1 == row.size() ? 0 : widths[i] + 2);
    text += line + '\n';
  }
  return text;
}

Colours::Colours() : on_(isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr) {}

} // namespace nwgate
