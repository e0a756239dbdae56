// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/nwgate/commands.h"
#include "tools/nwgate/exit_codes.h"
#include "tools/nwgate/output.h"
#include "tools/nwgate/session.h"

#include <fmt/format.h>
#include <iostream>
#include <nlohmann/json.hpp>

namespace nwgate {

int command_list(const Words &words) {
  Arguments arguments("list", "", "Lists the filters: name, chain, priority, and the file that wins.");
  if (!arguments.parse(words))
    return exit_done;
  arguments.require_words(0, 0);
  auto opened = Session::open(arguments.common());
  if (const auto *code = std::get_if<int>(&opened))
    return *code;
  auto &session = std::get<Session>(opened);
  const auto names = session.filters.names();
  if (!names)
    return session.fail_with(names.error());

  auto json = nlohmann::ordered_json::array();
  std::vector<std::vector<std::string>> rows = {{"NAME", "CHAIN", "PRIORITY", "FILE"}};
  for (const auto &name : *names) {
    const auto *filter = session.filters.find(name, session.diagnostics);
    const auto path = session.filters.path_of(name).value_or("");
    if (filter == nullptr) {
      rows.push_back({name, "(broken)", "", path});
      json.push_back({{"name", name}, {"broken", true}, {"file", path}});
      continue;
    }
    rows.push_back({name, filter->chain, fmt::format("{}", filter->priority), path});
    json.push_back({{"name", name},
                    {"chain", filter->chain},
                    {"priority", filter->priority},
                    {"uuid", filter->uuid},
                    {"file", path}});
  }
  std::cout << (session.options.json ? json_text(json) + '\n' : format_table(rows));
  return session.finish();
}

} // namespace nwgate
