// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/nwgate/chains_json.h"
#include "tools/nwgate/chains_tree.h"
#include "tools/nwgate/commands.h"
#include "tools/nwgate/exit_codes.h"
#include "tools/nwgate/session.h"

#include <fmt/format.h>
#include <iostream>

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

} // namespace

int command_chains(const Words &words) {
  std::string format = "tree";
  Arguments arguments(
      "chains", "[PORT] [--format tree|xtables|nft|json]",
      "Shows the effective chains as the kernel holds them now: each rule with its packets and bytes, its\n"
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
  const auto listed = list_layout(session, *socket, only);
  if (!listed)
    return session.fail_with(listed.error());
  const auto &ports = *listed;
  if (ports.empty() && !only.empty() && !session.bindings().find(only)) {
    std::cerr << fmt::format("nwgate: port '{}' is not bound and has no chains\n", only);
    return exit_document;
  }
  if (format == "json") {
    std::cout << to_json(ports);
    return session.finish();
  }
  const Colours colours;
  for (const auto &port : ports)
    std::cout << (format == "tree" ? to_tree(port, colours) : to_lines(port, format == "nft"));
  return session.finish();
}

} // namespace nwgate
