// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/program/json_form.h"

#include "engine/program/names.h"
#include "engine/program/text_form.h"

#include <nlohmann/json.hpp>

namespace nwgate {
namespace {

using Json = nlohmann::ordered_json;

Json place(const SourcePosition &where, const std::string &filter) {
  return {{"file", where.file()}, {"line", where.line}, {"column", where.column}, {"filter", filter}};
}

Json origin_json(const Origin &origin) {
  Json json = place(origin.where, origin.filter);
  json["included_from"] = Json::array();
  for (auto step = origin.path.rbegin(); step != origin.path.rend(); ++step)
    json["included_from"].push_back(place(step->where, step->filter));
  return json;
}

Json slots_json(const std::vector<Slot> &slots) {
  Json json = Json::array();
  for (const auto &slot : slots) {
    Json columns = Json::array();
    for (const auto &column : slot.columns)
      columns.push_back({{"variable", column.access.to_string()}, {"defaults", column.defaults}});
    json.push_back(std::move(columns));
  }
  return json;
}

Json rule_json(const ProgramRule &rule) {
  Json json;
  json["matches"] = Json::array();
  for (const auto &match : rule.matches)
    json["matches"].push_back(to_text(match, rule));
  json["verdict"] = name_of(rule.verdict);
  if (rule.verdict == VerdictKind::jump)
    json["target"] = rule.jump_target;
  if (rule.comment)
    json["comment"] = *rule.comment;
  if (!rule.slots.empty())
    json["slots"] = slots_json(rule.slots);
  for (const auto &[name, value] : rule.values)
    json["values"][name] = value;
  if (rule.origin)
    json["origin"] = origin_json(*rule.origin);
  return json;
}

} // namespace

std::string to_json(const Program &program) {
  Json json;
  json["filter"] = program.filter;
  json["chains"] = Json::array();
  for (const auto &chain : program.chains) {
    Json entry = {{"layer", name_of(chain.layer)},
                  {"direction", name_of(chain.direction)},
                  {"name", chain.name},
                  {"priority", chain.priority},
                  {"end", name_of(chain.end)},
                  {"rules", Json::array()}};
    for (const auto &rule : chain.rules)
      entry["rules"].push_back(rule_json(rule));
    json["chains"].push_back(std::move(entry));
  }
  // Comments may hold bytes that are no UTF-8: they are replaced, not refused.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

} // namespace nwgate
