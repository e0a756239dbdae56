// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/nwgate/chains_json.h"

#include "tools/nwgate/output.h"

#include <nlohmann/json.hpp>

namespace nwgate {
namespace {

using Json = nlohmann::ordered_json;

Json rule_json(const ListedRule &rule) {
  Json json = {{"rule", rule.text},
               {"verdict", rule.verdict},
               {"packets", rule.counts.packets},
               {"bytes", rule.counts.bytes},
               {"foreign", !rule.mark.has_value()}};
  if (!rule.target.empty())
    json["target"] = rule.target;
  if (rule.is_policy)
    json["policy"] = true;
  if (rule.mark && !rule.mark->place.empty())
    json["origin"] = {{"place", rule.mark->place},
                      {"included_from", rule.mark->included_from},
                      {"values", rule.mark->values},
                      {"cut", rule.mark->cut}};
  return json;
}

Json chain_json(const ListedChain &chain) {
  Json json = {{"table", chain.table}, {"chain", chain.name}, {"rules", Json::array()}};
  for (const auto &rule : chain.rules)
    json["rules"].push_back(rule_json(rule));
  return json;
}

void add_program(const ListedProgram &program, Json &entry) {
  entry["attachment"] = program.attachment;
  entry["filter"] = program.filter;
  entry["program"] = program.name;
  entry["shared_by"] = program.ports;
}

} // namespace

Json counters_json(const nftables::DirectionCounters &counters) {
  return {{"packets", counters.accepted.packets},
          {"bytes", counters.accepted.bytes},
          {"dropped_packets", counters.dropped.packets},
          {"dropped_bytes", counters.dropped.bytes}};
}

Json port_json(const ListedPort &port) {
  Json entry = {{"port", port.port}, {"layout", port.layout}};
  if (port.program)
    add_program(*port.program, entry);
  if (port.counters)
    entry["counters"] = {{"out", counters_json(port.counters->out)}, {"in", counters_json(port.counters->in)}};
  entry["links"] = Json::array();
  entry["chains"] = Json::array();
  for (const auto &link : port.links)
    entry["links"].push_back(chain_json(link));
  for (const auto &chain : port.chains)
    entry["chains"].push_back(chain_json(chain));
  return entry;
}

} // namespace nwgate
