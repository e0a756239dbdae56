// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/nwgate/explanation_output.h"

#include "engine/program/names.h"
#include "engine/program/text_form.h"
#include "tools/nwgate/output.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace nwgate {
namespace {

using Json = nlohmann::ordered_json;

std::string rule_text(const ProgramRule &rule) {
  std::string text;
  for (const auto &match : rule.matches)
    text += to_text(match, rule) + ", ";
  text += name_of(rule.verdict);
  return rule.verdict == VerdictKind::jump ? text + ' ' + rule.jump_target : text;
}

/// `no-ip-spoofing.xml:11:3 < clean-traffic.xml:9:3`; empty for a jump.
std::string origin_text(const ProgramRule &rule) {
  if (!rule.origin)
    return {};
  auto text = rule.origin->where.short_form();
  for (auto step = rule.origin->path.rbegin(); step != rule.origin->path.rend(); ++step)
    text += " < " + step->where.short_form();
  return text;
}

std::string failure_text(const RuleStep &step) {
  const auto &match = step.rule->matches[*step.failed];
  return fmt::format("no: {} {}", info_of(match.field).name,
                     step.actual.empty() ? "is not there" : "is " + step.actual);
}

Json layers_json(const Explanation &explanation) {
  Json layers = Json::array();
  for (const auto &layer : explanation.layers) {
    Json steps = Json::array();
    for (const auto &step : layer.steps) {
      Json line{{"chain", step.chain->name}, {"rule", rule_text(*step.rule)}, {"matches", !step.failed}};
      if (step.failed) {
        line["failed"] = to_text(step.rule->matches[*step.failed], *step.rule);
        line["packet_has"] = step.actual.empty() ? Json() : Json(step.actual);
      }
      if (step.rule->origin)
        line["origin"] = origin_text(*step.rule);
      steps.push_back(std::move(line));
    }
    layers.push_back(
        {{"layer", name_of(layer.layer)}, {"verdict", name_of(layer.verdict)}, {"rules", std::move(steps)}});
  }
  return layers;
}

} // namespace

std::string explanation_text(const Explanation &explanation) {
  std::string text;
  for (const auto &layer : explanation.layers) {
    text += fmt::format("{}: {}\n", name_of(layer.layer), name_of(layer.verdict));
    for (const auto &step : layer.steps) {
      text += fmt::format("  {:<3} {:<12} {}", step.failed ? "" : "yes", step.chain->name, rule_text(*step.rule));
      if (step.failed)
        text += "  [" + failure_text(step) + "]";
      if (const auto origin = origin_text(*step.rule); !origin.empty())
        text += "  " + origin;
      text += '\n';
    }
  }
  text += name_of(explanation.verdict);
  const auto by = decided_by_text(explanation);
  return text + (by.empty() ? ": no rule decided" : ", by " + by) + '\n';
}

std::string decided_by_text(const Explanation &explanation) {
  if (!explanation.kernel_drops.empty())
    return "the kernel itself: " + explanation.kernel_drops;
  return explanation.decided_by == nullptr ? "" : origin_text(*explanation.decided_by);
}

std::string explanation_json(const Explanation &explanation) {
  return json_text(explanation_object(explanation)) + '\n';
}

nlohmann::ordered_json explanation_object(const Explanation &explanation, bool with_layers) {
  Json json{{"verdict", name_of(explanation.verdict)}};
  if (with_layers)
    json["layers"] = layers_json(explanation);
  if (explanation.decided_by != nullptr)
    json["decided_by"] = origin_text(*explanation.decided_by);
  if (!explanation.kernel_drops.empty())
    json["kernel_drops"] = explanation.kernel_drops;
  return json;
}

} // namespace nwgate
