// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/nwgate/chains_tree.h"

#include "engine/model/cgroup.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <utility>

namespace nwgate {
namespace {

/// Column where origins begin, if the rule leaves room.
constexpr std::size_t origin_column = 76;

class Tree {
public:
  Tree(const ListedPort &port, const Colours &colours) : port_(port), colours_(colours) {}

  std::string make() {
    const bool is_cgroup = parse_cgroup_name(port_.port).has_value();
    text_ = fmt::format("{}{} {}{}\n", colours_.bold(), is_cgroup ? "cgroup" : "port", port_.port, colours_.end());
    if (is_cgroup && !port_.program)
      text_ += "  attached where its sockets send and receive, by iptables' match cgroup\n";
    if (port_.program)
      add_program(*port_.program);
    if (port_.counters)
      add_counters(*port_.counters);
    for (const auto &link : port_.links)
      add_entry(link);
    for (const auto &chain : port_.chains)
      if (std::ranges::find(shown_, key(chain)) == shown_.end())
        add_chain(chain, "not reached");
    return std::move(text_);
  }

private:
  static std::string key(const ListedChain &chain) { return fmt::format("{} {}", chain.table, chain.name); }

  void add_program(const ListedProgram &program) {
    text_ += fmt::format("  attached {}, filter {}", way_text(program.attachment), program.filter);
    if (program.name != program.filter)
      text_ += fmt::format(", program {}", program.name);
    text_ += program.ports == 1
                 ? "\n  counters of rules: of this port alone, which has them for itself\n"
                 : fmt::format("\n  counters of rules: all {} ports that share the program's rules\n", program.ports);
  }

  static std::string_view way_text(std::string_view attachment) {
    if (attachment == "bridge")
      return "as a bridge port";
    if (attachment == "bridge_conntrack")
      return "as a bridge port, whose connections the bridge tracks";
    if (attachment == "routed")
      return "by its own device, routed";
    if (attachment == "cgroup")
      return "where its sockets send and receive, by nf_tables";
    return attachment == "macvtap" ? "as a macvtap" : "by its own device";
  }

  void add_counters(const nftables::PortCounters &counters) {
    text_ += fmt::format("\n{}{:>10} {:>12} {:>10} {:>12}  of this port{}\n", colours_.dim(), "accepted", "bytes",
                         "dropped", "bytes", colours_.end());
    for (const auto &[name, direction] : {std::pair("out", counters.out), std::pair("in", counters.in)})
      text_ += fmt::format("{:>10} {:>12} {:>10} {:>12}  {}\n", direction.accepted.packets, direction.accepted.bytes,
                           direction.dropped.packets, direction.dropped.bytes, name);
  }

  void add_entry(const ListedChain &link) {
    const auto &rule = link.rules.front();
    const auto *chain = port_.find(link.table, rule.target);
    if (chain != nullptr && std::ranges::find(shown_, key(*chain)) == shown_.end())
      add_chain(*chain, fmt::format("{} {}", link.name, rule.text));
  }

  void add_chain(const ListedChain &chain, const std::string &way) {
    text_ += fmt::format("\n{}{} {}{}  {}({}){}\n", colours_.bold(), chain.table, chain.name, colours_.end(),
                         colours_.dim(), way, colours_.end());
    text_ += fmt::format("{}{:>10} {:>12}  {:<{}}{}{}\n", colours_.dim(), "packets", "bytes", "rule",
                         origin_column - 25, "origin", colours_.end());
    add_rules(chain, 0);
  }

  void add_rules(const ListedChain &chain, std::size_t depth) {
    shown_.push_back(key(chain));
    for (const auto &rule : chain.rules) {
      add_rule(rule, depth);
      const auto *target = rule.target.empty() ? nullptr : port_.find(chain.table, rule.target);
      if (target != nullptr && std::ranges::find(shown_, key(*target)) == shown_.end())
        add_rules(*target, depth + 1);
    }
  }

  [[nodiscard]] std::string_view colour_of(const ListedRule &rule) const {
    if (rule.verdict == "drop" || rule.verdict == "reject")
      return colours_.red();
    if (rule.verdict == "accept" || rule.verdict == "return")
      return colours_.green();
    return "";
  }

  void add_rule(const ListedRule &rule, std::size_t depth) {
    const auto shown = fmt::format("{:>10} {:>12}  {:{}}{}", rule.counts.packets, rule.counts.bytes, "", depth * 2,
                                   rule.text_with_values.empty() ? rule.text : rule.text_with_values);
    const auto origin = origin_of(rule);
    const auto gap = shown.size() + 2 < origin_column ? origin_column - shown.size() : 2;
    text_ += fmt::format("{}{}{}", colour_of(rule), shown, colours_.end());
    if (!origin.empty())
      text_ += fmt::format("{:{}}{}{}{}", "", gap, colours_.dim(), origin, colours_.end());
    text_ += '\n';
  }

  [[nodiscard]] static std::string origin_of(const ListedRule &rule) {
    if (!rule.mark)
      return "(foreign: not made by nwgate)";
    std::string text = rule.mark->place;
    for (const auto &step : rule.mark->included_from)
      text += " < " + step;
    if (!rule.mark->values.empty() && rule.text_with_values.empty())
      text += fmt::format("  [{}]", fmt::join(rule.mark->values, " "));
    if (rule.mark->cut)
      text += " ...";
    return text;
  }

  const ListedPort &port_;
  const Colours &colours_;
  std::string text_;
  std::vector<std::string> shown_;
};

} // namespace

std::string to_tree(const ListedPort &port, const Colours &colours) { return Tree(port, colours).make(); }

} // namespace nwgate
