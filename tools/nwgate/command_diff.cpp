// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/drift.h"
#include "tools/nwgate/change.h"
#include "tools/nwgate/commands.h"
#include "tools/nwgate/exit_codes.h"
#include "tools/nwgate/output.h"

#include <fmt/format.h>
#include <iostream>
#include <nlohmann/json.hpp>

namespace nwgate {
namespace {

std::string line_of(const xtables::Drift &drift, const Colours &colours) {
  const bool missing = drift.kind == xtables::Drift::Kind::missing;
  const auto colour = missing                                     ? colours.red()
                      : drift.kind == xtables::Drift::Kind::moved ? colours.dim()
                                                                  : colours.yellow();
  std::string line = fmt::format("{}{:<9}{} {}", colour, name_of(drift.kind), colours.end(), table_text(drift.family));
  if (!drift.chain.empty())
    line += drift.rule.empty() ? " chain " + drift.chain : fmt::format(" -A {} {}", drift.chain, drift.rule);
  if (!drift.mark.place.empty())
    line += fmt::format("  {}{}{}", colours.dim(), drift.mark.place, colours.end());
  return line + '\n';
}

nlohmann::ordered_json json_of(const xtables::Drift &drift) {
  return {{"kind", name_of(drift.kind)}, {"table", table_text(drift.family)},
          {"chain", drift.chain},        {"port", drift.port},
          {"rule", drift.rule},          {"origin", drift.mark.place}};
}

} // namespace

int command_diff(const Words &words) {
  Arguments arguments(
      "diff", "",
      "Shows where the kernel differs from what the documents say: rules that are missing, left over, foreign in\n"
      "chains of nwgate, or moved (the rule is right, its place in the documents is another). Exit code 1 if\n"
      "there is any difference.");
  if (!arguments.parse(words))
    return exit_done;
  arguments.require_words(0, 0);
  auto opened = Session::open(arguments.common());
  if (const auto *code = std::get_if<int>(&opened))
    return *code;
  auto &session = std::get<Session>(opened);
  Compiler compiler(session);
  const auto host = compile_host(session, compiler);
  if (!host)
    return session.fail_with(host.error());
  auto socket = netlink::Socket::open();
  if (!socket)
    return session.fail_with(socket.error());
  const auto errors = session.diagnostics.error_count();
  const auto plan = xtables::plan_for(host->for_xtables(session), xtables::Scope::everything, *socket,
                                      session.ip_sets, session.diagnostics);
  if (!plan)
    return session.fail_with(plan.error());
  if (!*plan) {
    session.finish();
    return exit_machine;
  }
  const auto drifts = xtables::drift_of(**plan);
  if (session.options.json) {
    auto json = nlohmann::ordered_json::array();
    for (const auto &drift : drifts)
      json.push_back(json_of(drift));
    std::cout << json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
  } else {
    const Colours colours;
    for (const auto &drift : drifts)
      std::cout << line_of(drift, colours);
  }
  const bool refused = session.diagnostics.error_count() != errors;
  const int code = session.finish(drifts.empty() ? exit_done : exit_no);
  return refused ? exit_machine : code;
}

} // namespace nwgate
