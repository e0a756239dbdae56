// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/nwgate/commands.h"
#include "tools/nwgate/exit_codes.h"
#include "tools/nwgate/output.h"
#include "tools/nwgate/session.h"

#include <iostream>
#include <nlohmann/json.hpp>

namespace nwgate {

int command_bindings(const Words &words) {
  Arguments arguments("bindings", "", "Lists the bindings: port or cgroup, filter, MAC, parameters, owner, and file.");
  if (!arguments.parse(words))
    return exit_done;
  arguments.require_words(0, 0);
  auto opened = Session::open(arguments.common());
  if (const auto *code = std::get_if<int>(&opened))
    return *code;
  auto &session = std::get<Session>(opened);
  const auto bindings = session.bindings();
  const auto files = bindings.list();
  if (!files)
    return session.fail_with(files.error());

  auto json = nlohmann::ordered_json::array();
  std::vector<std::vector<std::string>> rows = {{"NAME", "FILTER", "MAC", "PARAMETERS", "OWNER", "FILE"}};
  for (const auto &file : *files) {
    const auto binding = bindings.read(file, session.diagnostics);
    if (!binding) {
      rows.push_back({file.name, "(broken)", "", "", "", file.path});
      json.push_back({{"port", file.name}, {"broken", true}, {"file", file.path}});
      continue;
    }
    std::string parameters;
    auto list = nlohmann::ordered_json::array();
    for (const auto &parameter : binding->filter.parameters) {
      parameters += (parameters.empty() ? "" : " ") + parameter.name + "=" + parameter.value;
      list.push_back({{"name", parameter.name}, {"value", parameter.value}});
    }
    rows.push_back({file.name, binding->filter.filter, binding->cgroup ? "" : binding->mac.to_string(), parameters,
                    binding->owner_name, file.path});
    nlohmann::ordered_json entry = {{binding->cgroup ? "cgroup" : "port", file.name},
                                    {"filter", binding->filter.filter}};
    if (binding->cgroup) {
      entry["backend"] = name_of(binding->backend);
      entry["merge"] = binding->merges_lists;
    } else {
      entry["mac"] = binding->mac.to_string();
    }
    entry["parameters"] = list;
    entry["owner"] = binding->owner_name;
    entry["permanent"] = file.permanent;
    entry["file"] = file.path;
    json.push_back(std::move(entry));
  }
  std::cout << (session.options.json ? json_text(json) + '\n' : format_table(rows));
  return session.finish();
}

} // namespace nwgate
