// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/nftables/drift.h"
#include "tools/nwgate/change.h"
#include "tools/nwgate/commands.h"
#include "tools/nwgate/exit_codes.h"
#include "tools/nwgate/output.h"

#include <fmt/format.h>
#include <iostream>
#include <nlohmann/json.hpp>

namespace nwgate {
namespace {

using xtables::Drift;

std::string line_of(const Drift &drift, const Colours &colours) {
  const auto colour = drift.kind == Drift::Kind::missing ? colours.red()
                      : drift.kind == Drift::Kind::moved ? colours.dim()
                                                         : colours.yellow();
  std::string line = fmt::format("{}{:<9}{} {}", colour, name_of(drift.kind), colours.end(), drift.table);
  if (!drift.text.empty())
    line += " " + drift.text;
  if (!drift.origin.empty())
    line += fmt::format("  {}{}{}", colours.dim(), drift.origin, colours.end());
  return line + '\n';
}

nlohmann::ordered_json json_of(const Drift &drift) {
  nlohmann::ordered_json json = {{"kind", name_of(drift.kind)}, {"table", drift.table}, {"chain", drift.chain},
                                 {"port", drift.port},          {"rule", drift.rule},   {"origin", drift.origin}};
  if (!drift.set.empty()) {
    json["set"] = drift.set;
    json["element"] = drift.element;
  }
  return json;
}

struct Compared {
  std::vector<Drift> drifts;
  /// Something cannot be compared, and was reported.
  bool failed = false;
};

Result<Compared> compare_xtables(Session &session, const HostChange &host, netlink::Channel &channel) {
  const auto plan = xtables::plan_for(host.for_xtables(session), xtables::Scope::everything, channel, session.ip_sets,
                                      session.diagnostics);
  if (!plan)
    return fail(plan.error());
  return *plan ? Compared{xtables::drift_of(**plan)} : Compared{{}, true};
}

Result<Compared> compare_nftables(Session &session, HostChange host, netlink::Channel &channel) {
  if (auto chosen = use_bridge_conntrack(session, host, channel); !chosen)
    return fail(std::move(chosen.error()));
  const auto planned = nftables::plan_for(std::move(host).for_nftables(session), nftables::Scope::everything, channel,
                                          session.ip_sets, session.diagnostics);
  if (!planned)
    return fail(planned.error());
  if (session.options.timing)
    std::cerr << fmt::format("read: {} us, compare: {} us\n",
                             std::chrono::duration_cast<std::chrono::microseconds>(planned->read_time).count(),
                             std::chrono::duration_cast<std::chrono::microseconds>(planned->compare_time).count());
  return planned->plan ? Compared{nftables::drift_of(*planned->plan, planned->state, session.ip_sets)}
                       : Compared{{}, true};
}

} // namespace

int command_diff(const Words &words) {
  Arguments arguments(
      "diff", "",
      "Shows where the kernel differs from what the documents say: rules and elements of sets that are missing,\n"
      "left over, foreign in what is nwgate's, or moved (the rule is right, its place in the documents is\n"
      "another). Exit code 1 if there is any difference.");
  if (!arguments.parse(words))
    return exit_done;
  arguments.require_words(0, 0);
  auto opened = Session::open(arguments.common());
  if (const auto *code = std::get_if<int>(&opened))
    return *code;
  auto &session = std::get<Session>(opened);
  Compiler compiler(session);
  auto host = compile_host(session, compiler);
  if (!host)
    return session.fail_with(host.error());
  auto socket = netlink::Socket::open();
  if (!socket)
    return session.fail_with(socket.error());
  const auto errors = session.diagnostics.error_count();
  const auto of_bpf = bpf_drift(session, host->bpf);
  if (!of_bpf)
    return session.fail_with(of_bpf.error());
  const auto compared = session.settings.layout == "xtables" ? compare_xtables(session, *host, *socket)
                                                             : compare_nftables(session, std::move(*host), *socket);
  if (!compared)
    return session.fail_with(compared.error());
  if (compared->failed) {
    session.finish();
    return exit_machine;
  }
  const auto &drifts = compared->drifts;
  if (session.options.json) {
    auto json = nlohmann::ordered_json::array();
    for (const auto &drift : drifts)
      json.push_back(json_of(drift));
    for (const auto &[name, what] : *of_bpf)
      json.push_back({{"kind", what}, {"backend", "bpf"}, {"cgroup", name}});
    std::cout << json_text(json) << '\n';
  } else {
    const Colours colours;
    for (const auto &drift : drifts)
      std::cout << line_of(drift, colours);
    for (const auto &[name, what] : *of_bpf)
      std::cout << fmt::format("bpf program of cgroup {}: {}\n", name, what);
  }
  const bool refused = session.diagnostics.error_count() != errors;
  const int code = session.finish(drifts.empty() && of_bpf->empty() ? exit_done : exit_no);
  return refused ? exit_machine : code;
}

} // namespace nwgate
