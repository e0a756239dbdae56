// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/nftables/ruleset_text.h"

#include "drivers/nftables/describe.h"
#include "drivers/nftables/element_words.h"
#include "engine/program/program.h"

#include <array>
#include <fmt/format.h>
#include <linux/netfilter.h>
#include <string_view>
#include <vector>

namespace nwgate::nftables {
namespace {

using netlink::Family;

/// nft(8)'s names of the types that keys and data have here.
std::string_view type_name(std::uint32_t type) {
  switch (type) {
  case 7:
    return "ipv4_addr";
  case 8:
    return "ipv6_addr";
  case 9:
    return "ether_addr";
  case 10:
    return "ether_type";
  case 13:
    return "inet_service";
  case 19:
    return "mark";
  case 20:
    return "iface_index";
  case 41:
    return "ifname";
  case 46:
    return "cgroupsv2";
  default:
    return "integer";
  }
}

std::string type_text(std::uint32_t type) {
  std::string text;
  for (; type != 0; type >>= 6U)
    text = fmt::format("{}{}{}", type_name(type & 0x3fU), text.empty() ? "" : " . ", text);
  return text;
}

std::string_view hook_name(Family family, std::uint32_t hook) {
  if (family == Family::netdev)
    return hook == NF_NETDEV_INGRESS ? "ingress" : "egress";
  static constexpr std::array<std::string_view, 5> names = {"prerouting", "input", "forward", "output", "postrouting"};
  return hook < names.size() ? names.at(hook) : "?";
}

class Writer {
public:
  Writer(const Ruleset &ruleset, const xtables::SetIndex &sets) : ruleset_(ruleset), sets_(sets) {}

  std::string run() {
    std::vector<Family> families(all_families.begin(), all_families.end());
    families.push_back(Family::inet);
    for (const auto family : families) {
      const auto found = ruleset_.tables.find(family);
      if (found == ruleset_.tables.end())
        continue;
      const auto &table = found->second;
      text_ += fmt::format("table {} {{\n", table_text(family));
      for (const auto &[name, set] : table.sets)
        add_set(name, set);
      for (const auto &[name, chain] : table.chains)
        add_chain(family, table, name, chain);
      text_.pop_back(); // the empty line behind the last
      text_ += "}\n";
    }
    return std::move(text_);
  }

private:
  void add_set(const std::string &name, const LaidSet &set) {
    const auto &spec = set.spec;
    const bool is_map = spec.verdicts || spec.data_length > 0;
    text_ += fmt::format("\t{} {} {{\n\t\ttype {}", is_map ? "map" : "set", name, type_text(spec.key_type));
    if (is_map)
      text_ += fmt::format(" : {}", spec.verdicts ? "verdict" : type_text(spec.data_type));
    text_ += spec.has_intervals() ? "\n\t\tflags interval\n" : "\n";
    if (spec.counters)
      text_ += "\t\tcounter\n";
    const auto elements = elements_of(name, set);
    if (!elements.empty())
      text_ += fmt::format("\t\telements = {{ {} }}\n", fmt::join(elements, ",\n\t\t             "));
    text_ += "\t}\n\n";
  }

  static std::vector<std::string> elements_of(const std::string &name, const LaidSet &set) {
    const ElementReader reader(name, set.spec);
    std::vector<std::string> elements;
    for (const auto &verdict : set.verdicts)
      elements.push_back(
          fmt::format("{} : {} {}", reader.nft_text(verdict.key), verdict.go_to ? "goto" : "jump", verdict.chain));
    const auto size = set.spec.element_size();
    const netlink::Bytes all(set.elements);
    for (std::size_t at = 0; size > 0 && at + size <= all.size(); at += size)
      elements.push_back(reader.nft_text(all.subspan(at, size)));
    return elements;
  }

  void add_chain(Family family, const LaidTable &table, const std::string &name, const LaidChain &chain) {
    const auto specs = [&](const std::string &set) -> const netlink::SetSpec * {
      const auto found = table.sets.find(set);
      return found == table.sets.end() ? nullptr : &found->second.spec;
    };
    text_ += fmt::format("\tchain {} {{\n", name);
    if (chain.base)
      text_ += fmt::format(
          "\t\ttype {} hook {}{} priority {}; policy accept;\n", chain.base->type, hook_name(family, chain.base->hook),
          chain.base->device.empty() ? "" : fmt::format(" device \"{}\"", chain.base->device), chain.base->priority);
    for (const auto &rule : chain.rules) {
      text_ += "\t\t" + describe(family, rule.content, specs, sets_).text();
      if (rule.origin)
        text_ += fmt::format("  # {}", rule.origin->where.short_form());
      text_ += '\n';
    }
    text_ += "\t}\n\n";
  }

  const Ruleset &ruleset_;
  const xtables::SetIndex &sets_;
  std::string text_;
};

} // namespace

std::string to_nft_text(const Ruleset &ruleset, const xtables::SetIndex &sets) { return Writer(ruleset, sets).run(); }

} // namespace nwgate::nftables
