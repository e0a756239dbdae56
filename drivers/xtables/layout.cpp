// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/layout.h"

#include "drivers/xtables/lower_bridge.h"
#include "drivers/xtables/lower_ip.h"
#include "engine/model/diagnostic_ids.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>

namespace nwgate::xtables {
namespace {

class PortLayout {
public:
  PortLayout(const std::string &port, const ChainPrefix &prefix, Diagnostics &diagnostics)
      : prefix_(prefix), diagnostics_(diagnostics) {
    ruleset_.port = port;
  }

  std::optional<PortRuleset> run(const Program &program) {
    const auto errors = diagnostics_.error_count();
    for (const auto &chain : program.chains)
      if (chain.layer == Layer::ethernet)
        add_bridge_chain(chain);
    for (const auto layer : {Layer::ipv4, Layer::ipv6})
      if (program.has_layer(layer))
        add_ip_layer(program, layer);
    // A chain must exist before a rule jumps to it.
    std::stable_partition(ruleset_.chains.begin(), ruleset_.chains.end(),
                          [this](const PortChain &chain) { return !is_bridge_root(chain); });
    return diagnostics_.error_count() == errors ? std::optional(std::move(ruleset_)) : std::nullopt;
  }

private:
  [[nodiscard]] bool is_bridge_root(const PortChain &chain) const {
    return chain.name == bridge_root(prefix_, Direction::out, ruleset_.port) ||
           chain.name == bridge_root(prefix_, Direction::in, ruleset_.port);
  }

  void refuse(const ProgramRule &rule, const std::string &why) {
    auto &diagnostic = diagnostics_.error(id::not_expressible, rule.origin ? rule.origin->where : SourcePosition{},
                                          "layout xtables: " + why);
    if (rule.origin)
      for (auto step = rule.origin->path.rbegin(); step != rule.origin->path.rend(); ++step)
        diagnostic.note(step->where, "included from here");
  }

  static void append(std::vector<Rule> rules, const ProgramRule &origin, PortChain &chain) {
    for (auto &rule : rules)
      chain.rules.push_back({std::move(rule), origin_text(origin), origin.origin});
  }

  void add_bridge_chain(const Chain &chain) {
    const bool is_root = chain.name == root_chain;
    PortChain laid{Family::bridge,
                   is_root ? bridge_root(prefix_, chain.direction, ruleset_.port)
                           : bridge_sub_chain(chain.direction, ruleset_.port, chain.name),
                   {}};
    for (const auto &rule : chain.rules) {
      // No chain of a filter begins with "dscp", so the name is free.
      const auto side_chain =
          bridge_sub_chain(chain.direction, ruleset_.port, fmt::format("dscp{}", side_chains_[chain.direction]));
      auto lowered = lower_bridge(rule, bridge_sub_chain(chain.direction, ruleset_.port, rule.jump_target), side_chain);
      if (const auto *why = std::get_if<std::string>(&lowered)) {
        refuse(rule, *why);
        continue;
      }
      auto &rules = std::get<BridgeRules>(lowered);
      append(std::move(rules.rules), rule, laid);
      if (rules.side_chain.empty())
        continue;
      ++side_chains_[chain.direction];
      append(std::move(rules.side_chain), rule,
             ruleset_.chains.emplace_back(PortChain{Family::bridge, side_chain, {}}));
    }
    if (is_root) {
      const bool out = chain.direction == Direction::out;
      const Interface interface {
        out ? Side::source : Side::destination, { ruleset_.port, false }
      };
      ruleset_.links.push_back(
          {Family::bridge, out ? "PREROUTING" : "POSTROUTING", {{interface}, Jump{laid.name, false}}});
    }
    ruleset_.chains.push_back(std::move(laid));
  }

  void add_ip_layer(const Program &program, Layer layer) {
    const auto family = layer == Layer::ipv4 ? Family::ip : Family::ip6;
    const auto names = port_chains(ruleset_.port);
    const auto shared = shared_chains(prefix_);
    // What leaves the port meets the same rules whether it is forwarded or meant for the host.
    add_ip_chain(program, layer, Direction::out, {family, names.from_port, {}});
    add_ip_chain(program, layer, Direction::in, {family, names.to_port, {}});
    add_ip_chain(program, layer, Direction::out, {family, names.to_host, {}});
    const Physdev from{Term<std::string>{ruleset_.port, false}, std::nullopt, false};
    const Physdev to{std::nullopt, Term<std::string>{ruleset_.port, false}, true};
    ruleset_.links.push_back({family, shared.out, {{to}, Jump{names.to_port, true}}});
    ruleset_.links.push_back({family, shared.in, {{from}, Jump{names.from_port, true}}});
    ruleset_.links.push_back({family, shared.host_in, {{from}, Jump{names.to_host, true}}});
    ruleset_.links.push_back({family, shared.in_post, {{from}, Verdict::accept}});
  }

  void add_ip_chain(const Program &program, Layer layer, Direction direction, PortChain laid) {
    if (const auto *chain = program.find(layer, direction, root_chain)) {
      for (const auto &rule : chain->rules) {
        auto lowered = lower_ip(rule, direction);
        if (const auto *why = std::get_if<std::string>(&lowered))
          refuse(rule, *why);
        else
          laid.rules.push_back({std::get<Rule>(std::move(lowered)), origin_text(rule), rule.origin});
      }
    }
    ruleset_.chains.push_back(std::move(laid));
  }

  const ChainPrefix &prefix_;
  Diagnostics &diagnostics_;
  PortRuleset ruleset_;
  std::map<Direction, unsigned> side_chains_;
};

} // namespace

bool PortRuleset::has(Family family) const {
  return std::ranges::find(chains, family, &PortChain::family) != chains.end();
}

std::optional<PortRuleset> lay_out(const ClosedProgram &program, const std::string &port, const ChainPrefix &prefix,
                                   Diagnostics &diagnostics) {
  return PortLayout(port, prefix, diagnostics).run(program.program);
}

} // namespace nwgate::xtables
