// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/base/diagnostics_json.h"

#include <nlohmann/json.hpp>

namespace nwgate {
namespace {

using Json = nlohmann::ordered_json;

Json place(const SourcePosition &where, const std::string &message) {
  return {{"file", where.file()}, {"line", where.line}, {"column", where.column}, {"message", message}};
}

} // namespace

std::string to_json(const std::vector<Diagnostic> &diagnostics) {
  Json list = Json::array();
  for (const auto &diagnostic : diagnostics) {
    Json entry = {{"severity", diagnostic.severity == Severity::error ? "error" : "warning"}, {"id", diagnostic.id}};
    entry.update(place(diagnostic.where, diagnostic.message));
    entry["notes"] = Json::array();
    for (const auto &note : diagnostic.notes)
      entry["notes"].push_back(place(note.where, note.message));
    list.push_back(std::move(entry));
  }
  return list.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

} // namespace nwgate
