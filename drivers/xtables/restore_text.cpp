// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/restore_text.h"

#include "drivers/xtables/cgroup_layout.h"
#include "drivers/xtables/codec.h"
#include "drivers/xtables/tables.h"

#include <fmt/format.h>

namespace nwgate::xtables {
namespace {

class RestoreText {
public:
  RestoreText(const PortRuleset &ruleset, Family family, const ChainPrefix &prefix)
      : ruleset_(ruleset), family_(family), shared_(shared_chains(prefix)) {}

  std::string make() {
    const bool bridge = family_ == Family::bridge;
    text_ = fmt::format("# {}\n*{}\n",
                        bridge                  ? "ebtables"
                        : family_ == Family::ip ? "iptables"
                                                : "ip6tables",
                        table_of(family_).name);
    for (const auto &base : base_chains(family_))
      declare(base.name, "ACCEPT");
    const bool has_shared = !bridge && !is_cgroup_owner(ruleset_.port);
    if (has_shared)
      for (const auto &name : {shared_.in, shared_.out, shared_.in_post, shared_.host_in})
        declare(name, "-");
    for (const auto &chain : ruleset_.chains)
      if (chain.family == family_)
        declare(chain.name, bridge ? "ACCEPT" : "-");
    if (has_shared)
      add_shared_jumps();
    for (const auto &link : ruleset_.links)
      if (link.family == family_)
        add(link.chain, link.rule);
    for (const auto &chain : ruleset_.chains)
      if (chain.family == family_)
        for (const auto &placed : chain.rules)
          add(chain.name, placed.rule);
    return bridge ? text_ : text_ + "COMMIT\n";
  }

private:
  void declare(const std::string &chain, std::string_view policy) {
    text_ += fmt::format(":{} {}{}\n", chain, policy, family_ == Family::bridge ? "" : " [0:0]");
  }
  void add(const std::string &chain, const Rule &rule) {
    const auto rest = to_save_text(rule, family_);
    text_ += fmt::format("-A {}{}{}\n", chain, rest.empty() ? "" : " ", rest);
  }
  void add_shared_jumps() {
    add("INPUT", {{}, Jump{shared_.host_in, false}});
    for (const auto &name : {shared_.in, shared_.out, shared_.in_post})
      add("FORWARD", {{}, Jump{name, false}});
  }

  const PortRuleset &ruleset_;
  Family family_;
  SharedChains shared_;
  std::string text_;
};

} // namespace

std::string to_restore_text(const PortRuleset &ruleset, const ChainPrefix &prefix) {
  std::string text;
  for (const auto family : all_families)
    if (ruleset.has(family))
      text += RestoreText(ruleset, family, prefix).make();
  return text;
}

} // namespace nwgate::xtables
