// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/cgroup_layout.h"
#include "tools/nwgate/chains_cgroups.h"
#include "tools/nwgate/chains_json.h"
#include "tools/nwgate/chains_tree.h"
#include "tools/nwgate/commands.h"
#include "tools/nwgate/exit_codes.h"
#include "tools/nwgate/output.h"
#include "tools/nwgate/session.h"

#include <fmt/format.h>
#include <iostream>
#include <nlohmann/json.hpp>

namespace nwgate {
namespace {

/// `-A CHAIN RULE`, as the tools' -save prints it, or with the kernel's expressions instead.
std::string to_lines(const ListedPort &port, bool expressions) {
  std::string text;
  const auto add = [&](const ListedChain &chain) {
    for (const auto &rule : chain.rules)
      if (expressions)
        text += fmt::format("rule {} {}\n  {}\n", chain.table, chain.name, rule.expressions);
      else if (!rule.is_policy)
        text += fmt::format("[{}:{}] -A {} {}\n", rule.counts.packets, rule.counts.bytes, chain.name, rule.text);
  };
  for (const auto &link : port.links)
    add(link);
  for (const auto &chain : port.chains)
    add(chain);
  return text;
}

/// What the layout of the settings has in the kernel.
Result<std::vector<ListedPort>> list_layout(const Session &session, netlink::Channel &channel,
                                            const std::string &only) {
  if (session.settings.layout == "xtables") {
    const auto view = xtables::read_all(channel, session.ip_sets);
    if (!view)
      return fail(view.error());
    return list_ports(*view, only);
  }
  const auto state = nftables::read_state(channel, nftables::ReadElements::all_with_counts);
  if (!state)
    return fail(state.error());
  return list_ports(*state, session.ip_sets, only);
}

/// Prints ports and cgroups in the form that is asked for.
void print(const std::vector<ListedPort> &ports, const std::vector<CgroupChains> &cgroups, const std::string &format) {
  if (format == "json") {
    auto list = nlohmann::ordered_json::array();
    for (const auto &port : ports)
      list.push_back(port_json(port));
    for (const auto &cgroup : cgroups)
      if (auto entry = cgroup_json(cgroup); !entry.is_null())
        list.push_back(std::move(entry));
    std::cout << json_text(list) << '\n';
    return;
  }
  const Colours colours;
  const auto print_port = [&](const ListedPort &port) {
    std::cout << (format == "tree" ? to_tree(port, colours) : to_lines(port, format == "nft"));
  };
  for (const auto &port : ports)
    print_port(port);
  for (const auto &cgroup : cgroups)
    if (cgroup.in_nf_tables)
      print_port(*cgroup.in_nf_tables);
    else if (format == "tree" || cgroup.in_bpf)
      std::cout << cgroup_text(cgroup, colours);
}

/// What one cgroup has in the kernel.
int show_cgroup(const CgroupName &name, const std::string &format, netlink::Channel &channel, Session &session) {
  const auto listed = list_cgroups(session, channel, {name});
  if (!listed)
    return session.fail_with(listed.error());
  const auto &cgroup = listed->front();
  if (cgroup.is_bound || cgroup.in_nf_tables || cgroup.in_bpf)
    print({}, *listed, format);
  if (cgroup.is_bound)
    return session.finish();
  std::cerr << fmt::format("nwgate: cgroup '{}' is not bound\n", cgroup.name);
  return exit_document;
}

/// What all bound cgroups have.
Result<std::vector<CgroupChains>> list_bound_cgroups(Session &session, netlink::Channel &channel) {
  const auto files = session.bindings().list();
  if (!files)
    return fail(files.error());
  std::vector<CgroupName> names;
  for (const auto &file : *files)
    if (auto name = parse_cgroup_name(file.name))
      names.push_back(std::move(*name));
  if (names.empty())
    return std::vector<CgroupChains>();
  return list_cgroups(session, channel, names);
}

} // namespace

int command_chains(const Words &words) {
  std::string format = "tree";
  Arguments arguments("chains", "[PORT|CGROUP] [--format tree|xtables|nft|json]",
                      "Shows the effective chains of ports and cgroups as the kernel holds them now: each rule with "
                      "its packets and bytes, its\n"
                      "verdict, and the file and line that it comes from.");
  arguments.add_options()(
      "format", po::value(&format)->value_name("FORM"),
      "tree (default): for people; xtables: as ebtables-save, iptables-save and ip6tables-save list rules; nft: the "
      "kernel's expressions; json");
  if (!arguments.parse(words))
    return exit_done;
  arguments.require_words(0, 1);
  if (arguments.common().json)
    format = "json";
  if (format != "tree" && format != "xtables" && format != "nft" && format != "json")
    throw po::error(fmt::format("no format '{}': tree, xtables, nft or json", format));
  auto opened = Session::open(arguments.common());
  if (const auto *code = std::get_if<int>(&opened))
    return *code;
  auto &session = std::get<Session>(opened);
  if (format == "xtables" && session.settings.layout != "xtables") {
    std::cerr << "nwgate: the layout nftables has no form that the xtables tools list: tree, nft or json\n";
    return exit_usage;
  }
  auto socket = netlink::Socket::open();
  if (!socket)
    return session.fail_with(socket.error());
  const auto only = arguments.words().empty() ? std::string{} : arguments.words().front();
  if (const auto cgroup = parse_cgroup_name(only))
    return show_cgroup(*cgroup, format, *socket, session);
  auto ports = list_layout(session, *socket, only);
  if (!ports)
    return session.fail_with(ports.error());
  if (ports->empty() && !only.empty() && !session.bindings().find(only)) {
    std::cerr << fmt::format("nwgate: port '{}' is not bound and has no chains\n", only);
    return exit_document;
  }
  auto cgroups = only.empty() ? list_bound_cgroups(session, *socket) : std::vector<CgroupChains>();
  if (!cgroups)
    return session.fail_with(cgroups.error());
  std::erase_if(*ports, [](const ListedPort &port) { return xtables::is_cgroup_owner(port.port); });
  print(*ports, *cgroups, format);
  return session.finish();
}

} // namespace nwgate
