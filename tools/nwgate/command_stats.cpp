// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/nftables/port_counters.h"
#include "tools/nwgate/cgroup_stats.h"
#include "tools/nwgate/chains_json.h"
#include "tools/nwgate/commands.h"
#include "tools/nwgate/exit_codes.h"
#include "tools/nwgate/output.h"
#include "tools/nwgate/prometheus_text.h"
#include "tools/nwgate/session.h"

#include <csignal>
#include <ctime>
#include <fmt/format.h>
#include <iostream>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace nwgate {
namespace {

using Ports = std::map<std::string, nftables::PortCounters>;

std::string to_json(const Ports &ports) {
  auto list = nlohmann::ordered_json::array();
  for (const auto &[port, counters] : ports)
    list.push_back({{"port", port},
                    {"attachment", nftables::attachment_text(counters.attachment)},
                    {"filter", nftables::filter_of(counters.program)},
                    {"program", counters.program},
                    {"out", counters_json(counters.out)},
                    {"in", counters_json(counters.in)}});
  return json_text(list) + '\n';
}

std::string to_table(const Ports &ports) {
  std::vector<std::vector<std::string>> rows = {{"PORT", "FILTER", "OUT-PACKETS", "OUT-BYTES", "OUT-DROPPED",
                                                 "OUT-DROPPED-BYTES", "IN-PACKETS", "IN-BYTES", "IN-DROPPED",
                                                 "IN-DROPPED-BYTES"}};
  for (const auto &[port, counters] : ports) {
    auto &row = rows.emplace_back(std::vector{port, nftables::filter_of(counters.program)});
    for (const auto &direction : {counters.out, counters.in})
      for (const auto &counts : {direction.accepted, direction.dropped}) {
        row.push_back(std::to_string(counts.packets));
        row.push_back(std::to_string(counts.bytes));
      }
  }
  return format_table(rows);
}

enum class Output : std::uint8_t { table, json, prometheus };

int show_cgroups(const Words &words, Output form, Session &session) {
  auto cgroups = cgroup_stats(session);
  if (!cgroups)
    return session.fail_with(cgroups.error());
  if (!words.empty()) {
    std::erase_if(*cgroups, [&](const auto &entry) { return entry.first != words.front(); });
    if (cgroups->empty()) {
      std::cerr << fmt::format("nwgate: cgroup '{}' is not bound\n", words.front());
      return exit_document;
    }
  }
  std::cout << (form == Output::prometheus ? cgroup_stats_prometheus(*cgroups)
                : form == Output::json     ? cgroup_stats_json(*cgroups)
                                           : cgroup_stats_table(*cgroups));
  return session.finish();
}

int show_ports(const Words &words, Output form, Session &session) {
  auto socket = netlink::Socket::open();
  if (!socket)
    return session.fail_with(socket.error());
  const auto state = nftables::read_state(*socket, nftables::ReadElements::counts);
  if (!state)
    return session.fail_with(state.error());
  auto ports = nftables::port_counters(*state);
  if (!words.empty()) {
    std::erase_if(ports, [&](const auto &entry) { return entry.first != words.front(); });
    if (ports.empty()) {
      std::cerr << fmt::format("nwgate: port '{}' has nothing in the kernel\n", words.front());
      return exit_document;
    }
  }
  std::cout << (form == Output::prometheus ? prometheus_text(ports)
                : form == Output::json     ? to_json(ports)
                                           : to_table(ports));
  return session.finish();
}

/// Shows it anew each second, until a signal ends the command or it fails. On a terminal, in place of the last.
template <typename Show> int follow(Show show) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGPIPE})
    sigaddset(&signals, signal);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  constexpr timespec second{1, 0};
  for (bool is_first = true;; is_first = false) {
    std::cout << (isatty(STDOUT_FILENO) != 0 ? "\x1b[H\x1b[2J" : is_first ? "" : "\n");
    if (const int code = show(); code != exit_done)
      return code;
    if (!std::cout.flush()) // nobody reads any more
      return exit_done;
    if (sigtimedwait(&signals, nullptr, &second) > 0)
      return exit_done;
  }
}

} // namespace

int command_stats(const Words &words) {
  Arguments arguments(
      "stats", "[PORT|CGROUP] [--cgroup] [-f] [--prometheus]",
      "Shows what each port has sent (out) and received (in) since it was bound: packets and bytes\n"
      "that its filter has let through, and those that it has dropped. Layout nftables. With --cgroup,\n"
      "of cgroups, each with all below it; DENIED-BELOW counts what filters of cgroups below denied, too.");
  bool prometheus = false;
  bool of_cgroups = false;
  bool follows = false;
  arguments.add_options()("follow,f", po::bool_switch(&follows), "again each second, until interrupted");
  arguments.add_options()("cgroup", po::bool_switch(&of_cgroups), "of cgroups instead of ports");
  arguments.add_options()("prometheus", po::bool_switch(&prometheus), "in the text format that Prometheus reads");
  if (!arguments.parse(words))
    return exit_done;
  arguments.require_words(0, 1);
  if (prometheus && arguments.common().json)
    throw po::error("--prometheus and --json do not go together");
  auto opened = Session::open(arguments.common());
  if (const auto *code = std::get_if<int>(&opened))
    return *code;
  auto &session = std::get<Session>(opened);
  const auto &names = arguments.words();
  const auto form = prometheus ? Output::prometheus : session.options.json ? Output::json : Output::table;
  const bool is_of_cgroups = of_cgroups || (!names.empty() && parse_cgroup_name(names.front()));
  if (!is_of_cgroups && session.settings.layout != "nftables") {
    std::cerr << "nwgate: the layout xtables counts by rule, not by port: nwgate chains shows these counters\n";
    return exit_usage;
  }
  const auto show = [&] {
    return is_of_cgroups ? show_cgroups(names, form, session) : show_ports(names, form, session);
  };
  return follows ? follow(show) : show();
}

} // namespace nwgate
