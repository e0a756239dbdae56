// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/cgroup_layout.h"
#include "tools/nwgate/bpf_cgroups.h"
#include "tools/nwgate/cgroup_stats.h"
#include "tools/nwgate/cgroups.h"
#include "tools/nwgate/chains_json.h"
#include "tools/nwgate/chains_tree.h"
#include "tools/nwgate/commands.h"
#include "tools/nwgate/exit_codes.h"
#include "tools/nwgate/output.h"
#include "tools/nwgate/session.h"

#include <array>
#include <filesystem>
#include <fmt/format.h>
#include <iostream>
#include <nlohmann/json.hpp>
#include <tuple>

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

/// A cgroup's BPF programs, if it has any.
Result<std::optional<bpf::AttachedFilter>> bpf_of(const std::string &directory) {
  if (!std::filesystem::exists(directory))
    return std::optional<bpf::AttachedFilter>();
  const auto library = bpf::Library::load();
  if (!library)
    return fail(library.error());
  auto attached = bpf::read_attached(*library, directory);
  if (!attached)
    return fail(std::move(attached.error()));
  return std::optional(std::move(*attached));
}

using Direction = std::tuple<const char *, std::optional<bpf::AttachedProgram>, bpf::DirectionCounts>;

std::array<Direction, 2> directions_of(const bpf::AttachedFilter &attached) {
  return {Direction("out", attached.out, attached.out_counts), Direction("in", attached.in, attached.in_counts)};
}

std::string bpf_json(const bpf::AttachedFilter &attached, const std::string &name, const std::string &directory) {
  nlohmann::ordered_json entry = {{"port", name}, {"layout", "bpf"}, {"pins", directory}};
  for (const auto &[word, program, counts] : directions_of(attached)) {
    entry["counters"][word] = {{"packets", counts.accepted.packets},
                               {"bytes", counts.accepted.bytes},
                               {"dropped_packets", counts.dropped.packets},
                               {"dropped_bytes", counts.dropped.bytes}};
    if (program)
      entry["programs"][word] = {{"id", program->id}, {"cgroup", program->cgroup_id}};
  }
  return json_text(nlohmann::ordered_json::array({entry})) + '\n';
}

std::string bpf_text(const bpf::AttachedFilter &attached, const std::string &name, const std::string &directory,
                     const Colours &colours) {
  auto text = fmt::format("{}cgroup {}{}\n  attached where its sockets send and receive, by BPF, pinned in {}\n\n",
                          colours.bold(), name, colours.end(), directory);
  text += fmt::format("{}{:>10} {:>12} {:>10} {:>12}{}\n", colours.dim(), "accepted", "bytes", "dropped", "bytes",
                      colours.end());
  for (const auto &[word, program, counts] : directions_of(attached))
    text += fmt::format("{:>10} {:>12} {:>10} {:>12}  {}{}\n", counts.accepted.packets, counts.accepted.bytes,
                        counts.dropped.packets, counts.dropped.bytes, word,
                        program ? fmt::format(", program {} of cgroup {}", program->id, program->cgroup_id)
                                : std::string(", no program"));
  return text;
}

/// What a cgroup has in nf_tables, in the layout of the settings.
Result<std::optional<ListedPort>> list_one(const Session &session, netlink::Channel &channel, const std::string &name,
                                           const nftables::CgroupKey &key) {
  if (session.settings.layout == "xtables") {
    const auto view = xtables::read_all(channel, session.ip_sets);
    if (!view)
      return fail(view.error());
    const auto owner = xtables::cgroup_owner(key.place.by_classid, key.id);
    auto listed = list_ports(*view, owner);
    if (listed.empty())
      return std::optional<ListedPort>();
    listed.front().port = name;
    listed.front().counters = xtables_cgroup_counters(*view, owner);
    return std::optional(std::move(listed.front()));
  }
  const auto state =
      nftables::read_state(channel, nftables::ReadElements::none, nftables::ReadElements::all_with_counts);
  if (!state)
    return fail(state.error());
  return list_cgroup(*state, session.ip_sets, name, key);
}

/// What a cgroup has in the kernel.
int show_cgroup(const CgroupName &name, const std::string &format, netlink::Channel &channel, Session &session) {
  std::optional<cgroup::Hierarchy> hierarchy;
  const auto key = find_cgroup(name, hierarchy);
  if (!key)
    return session.fail_with(key.error());
  const Colours colours;
  const auto text = name.to_string();
  const auto found = *key ? list_one(session, channel, text, **key) : Result<std::optional<ListedPort>>();
  if (!found)
    return session.fail_with(found.error());
  const auto &listed = *found;
  const bool as_json = format == "json";
  if (listed) {
    std::cout << (as_json            ? to_json({*listed})
                  : format == "tree" ? to_tree(*listed, colours)
                                     : to_lines(*listed, format == "nft"));
    return session.finish();
  }
  const auto directory = BpfPins(session).directory_of(text);
  const auto of_bpf = bpf_of(directory);
  if (!of_bpf)
    return session.fail_with(of_bpf.error());
  if (*of_bpf)
    std::cout << (as_json ? bpf_json(**of_bpf, text, directory) : bpf_text(**of_bpf, text, directory, colours));
  else if (as_json)
    std::cout << to_json(std::vector<ListedPort>{});
  else if (session.bindings().find(text))
    std::cout << fmt::format("cgroup {}\n  {}\n", text,
                             *key ? "has nothing in the kernel" : "does not exist: it waits");
  if (!*of_bpf && !session.bindings().find(text))
    std::cerr << fmt::format("nwgate: cgroup '{}' is not bound\n", text);
  return session.bindings().find(text) ? session.finish() : exit_document;
}

} // namespace

int command_chains(const Words &words) {
  std::string format = "tree";
  Arguments arguments(
      "chains", "[PORT|CGROUP] [--format tree|xtables|nft|json]",
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
  if (const auto cgroup = parse_cgroup_name(only))
    return show_cgroup(*cgroup, format, *socket, session);
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
