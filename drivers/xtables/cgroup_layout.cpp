// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/xtables/cgroup_layout.h"

#include "drivers/xtables/lower_ip.h"
#include "drivers/xtables/operands.h"
#include "drivers/xtables/origin_data.h"
#include "engine/model/diagnostic_ids.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <linux/if_ether.h>
#include <set>
#include <utility>

namespace nwgate::xtables {
namespace {

constexpr std::string_view owner_prefix = "cgroup:";
/// Of iptables' chain names: XT_EXTENSION_MAXNAMELEN - 1.
constexpr std::size_t longest_name = 28;

std::string number_text(bool by_classid, std::uint64_t id) {
  return by_classid ? fmt::format("{:#x}", id) : std::to_string(id);
}

/// Lays out one direction in one of the two families.
class DirectionLayout {
public:
  DirectionLayout(const Program &program, const CgroupPlace &place, Family family, Direction direction,
                  PortRuleset &ruleset, std::set<const Origin *> &refused, Diagnostics &diagnostics)
      : program_(program), place_(place), family_(family), direction_(direction),
        entry_(cgroup_chain(place, direction)), ruleset_(ruleset), refused_(refused), diagnostics_(diagnostics) {}

  void run() {
    const auto *ethernet = program_.find(Layer::ethernet, direction_, root_chain);
    const auto *ip = program_.find(family_ == Family::ip ? Layer::ipv4 : Layer::ipv6, direction_, root_chain);
    const bool has_ethernet = ethernet != nullptr && std::ranges::any_of(ethernet->rules, [&](const ProgramRule &rule) {
                                return concerns_family(rule);
                              });
    const bool has_ip = ip != nullptr && !ip->rules.empty();
    auto chain = empty_chain(entry_);
    if (has_ethernet && has_ip)
      chain.rules.push_back({{{}, Jump{entry_ + "-eth", false}}, {}, nullptr});
    if (has_ip)
      for (const auto &rule : ip->rules)
        add(rule, rule.matches, target_of(rule, {}), chain);
    if (has_ethernet && !has_ip) {
      add_root(*ethernet, std::move(chain));
    } else {
      if (has_ethernet)
        add_root(*ethernet, empty_chain(entry_ + "-eth"));
      ruleset_.chains.push_back(std::move(chain));
    }
    add_link();
  }

private:
  [[nodiscard]] PortChain empty_chain(std::string name) const { return {family_, std::move(name), {}}; }

  void add_link() {
    // iptables' own spelling: from the root on, without a slash.
    Cgroup match;
    if (place_.by_classid())
      match.cgroup = static_cast<std::uint32_t>(place_.id);
    else
      match.cgroup = place_.path == "/" ? place_.path : place_.path.substr(1);
    ruleset_.links.push_back(
        {family_, direction_ == Direction::out ? "OUTPUT" : "INPUT", {{std::move(match)}, Jump{entry_, false}}});
  }

  void refuse(const ProgramRule &rule, const std::string &why) {
    if (rule.origin && !refused_.insert(rule.origin.get()).second)
      return;
    auto &diagnostic = diagnostics_.error(id::not_expressible, rule.origin ? rule.origin->where : SourcePosition{},
                                          "layout xtables: " + why);
    if (rule.origin)
      for (auto step = rule.origin->path.rbegin(); step != rule.origin->path.rend(); ++step)
        diagnostic.note(step->where, "included from here");
  }

  // --- the ethernet layer, of which a socket's packets have no more than the version of IP

  [[nodiscard]] bool is_version(const nwgate::Match &match) const {
    if (match.field != Field::ether_type || match.form != Form::single)
      return true; // refused when it is lowered
    return (number<std::uint16_t>(match) == (family_ == Family::ip ? ETH_P_IP : ETH_P_IPV6)) != match.negated;
  }

  [[nodiscard]] bool concerns_family(const ProgramRule &rule) const {
    return std::ranges::all_of(rule.matches, [&](const nwgate::Match &match) { return is_version(match); });
  }

  static std::vector<nwgate::Match> without_version(const ProgramRule &rule) {
    auto matches = rule.matches;
    std::erase_if(matches, [](const nwgate::Match &match) {
      return match.field == Field::ether_type && match.form == Form::single;
    });
    return matches;
  }

  void add_root(const Chain &root, PortChain chain) {
    std::vector<std::vector<PortChain>> parts(1); // each with the sub-chains that it leads to in front of it
    for (const auto &rule : root.rules) {
      if (!concerns_family(rule))
        continue;
      const auto *sub_chain =
          rule.verdict == VerdictKind::jump ? program_.find(Layer::ethernet, direction_, rule.jump_target) : nullptr;
      if (sub_chain == nullptr) {
        add(rule, without_version(rule), target_of(rule, {}), chain);
        continue;
      }
      std::string rest;
      if (std::ranges::any_of(sub_chain->rules, [&](const ProgramRule &of_it) {
            return of_it.verdict == VerdictKind::return_to_caller && concerns_family(of_it);
          }))
        rest = fmt::format("{}-p{}", entry_, parts.size() + 1);
      auto target = empty_chain(name_of(*sub_chain));
      for (const auto &of_it : sub_chain->rules)
        if (concerns_family(of_it))
          add(of_it, without_version(of_it), target_of(of_it, rest), target);
      add(rule, without_version(rule), Jump{target.name, true}, chain);
      parts.back().push_back(std::move(target));
      if (rest.empty())
        continue;
      chain.rules.push_back({{{}, Jump{rest, true}}, {}, nullptr});
      parts.back().push_back(std::exchange(chain, empty_chain(rest)));
      parts.emplace_back();
    }
    parts.back().push_back(std::move(chain));
    for (auto part = parts.rbegin(); part != parts.rend(); ++part)
      std::ranges::move(*part, std::back_inserter(ruleset_.chains));
  }

  /// With the name of the filter's chain, if that fits.
  [[nodiscard]] std::string name_of(const Chain &sub_chain) const {
    auto name = fmt::format("{}-{}", entry_, sub_chain.name);
    if (name.size() > longest_name)
      name = fmt::format("{}-{}", entry_, &sub_chain - program_.chains.data());
    return name;
  }

  // --- rules

  /// What is accepted goes back to where the cgroup's chains were jumped to from. `rest` is where a sub-chain's caller
  /// goes on; in other chains `return` is an accept.
  [[nodiscard]] static Target target_of(const ProgramRule &rule, const std::string &rest) {
    switch (rule.verdict) {
    case VerdictKind::drop:
      return Verdict::drop;
    case VerdictKind::reject:
      return Reject{};
    case VerdictKind::return_to_caller:
      return rest.empty() ? Target(Verdict::return_to_caller) : Target(Jump{rest, true});
    case VerdictKind::continue_with_next:
      return Continue{};
    case VerdictKind::accept:
    case VerdictKind::jump: // made by the caller
      break;
    }
    return Verdict::return_to_caller;
  }

  void add(const ProgramRule &rule, const std::vector<nwgate::Match> &matches, const Target &target, PortChain &chain) {
    for (auto &single : without_ranges_of_types(rule, matches)) {
      ProgramRule part;
      part.matches = std::move(single);
      part.comment = rule.comment;
      auto lowered = lower_ip(part, direction_);
      if (const auto *why = std::get_if<std::string>(&lowered)) {
        refuse(rule, *why);
        return;
      }
      auto &listed = std::get<Rule>(lowered);
      listed.target = target;
      chain.rules.push_back({std::move(listed), origin_text(rule), rule.origin});
    }
  }

  /// ip6tables asks for one type of ICMPv6, of one code or of any: ranges become a rule for each.
  std::vector<std::vector<nwgate::Match>> without_ranges_of_types(const ProgramRule &rule,
                                                                  const std::vector<nwgate::Match> &matches) {
    constexpr std::uint32_t most_rules = 64, last = 255;
    const auto found = std::ranges::find_if(matches, [](const nwgate::Match &match) {
      return match.field == Field::icmp6_type && match.form == Form::range_pair;
    });
    if (found == matches.end())
      return {matches};
    const Range<std::uint32_t> types{number<std::uint32_t>(*found, 0), number<std::uint32_t>(*found, 1)};
    const Range<std::uint32_t> codes{number<std::uint32_t>(*found, 2), number<std::uint32_t>(*found, 3)};
    const bool any_code = codes.first == 0 && codes.last >= last;
    const auto count_of = [](const Range<std::uint32_t> &range) {
      return range.last < range.first ? 0 : range.last - range.first + 1;
    };
    const auto count = count_of(types) * (any_code ? 1 : count_of(codes));
    std::vector<std::vector<nwgate::Match>> all;
    if (count == 0)
      refuse(rule, "the range of icmp6.type runs backwards");
    else if (found->negated && count > 1)
      refuse(rule, "ip6tables has no match for all types of ICMPv6 but some: name one");
    else if (count > most_rules)
      refuse(rule, fmt::format("ip6tables has no ranges of types of ICMPv6: this one would be {} rules", count));
    else
      for (auto type = types.first; type <= types.last; ++type)
        for (auto code = codes.first; code <= (any_code ? codes.first : codes.last); ++code) {
          auto &single = all.emplace_back(matches)[static_cast<std::size_t>(found - matches.begin())];
          single.form = any_code ? Form::single : Form::pair;
          single.operands.resize(any_code ? 1 : 2);
          std::get<Literal>(single.operands.front()) = type;
          if (!any_code)
            std::get<Literal>(single.operands.back()) = code;
        }
    return all;
  }

  const Program &program_;
  const CgroupPlace &place_;
  Family family_;
  Direction direction_;
  std::string entry_;
  PortRuleset &ruleset_;
  /// Each rule of the documents is reported once.
  std::set<const Origin *> &refused_;
  Diagnostics &diagnostics_;
};

} // namespace

std::string cgroup_owner(bool by_classid, std::uint64_t id) {
  return std::string(owner_prefix) + number_text(by_classid, id);
}

bool is_cgroup_owner(std::string_view owner) { return owner.starts_with(owner_prefix); }

std::string cgroup_chain(const CgroupPlace &place, Direction direction) {
  return fmt::format("C{}-{}", direction == Direction::out ? 'O' : 'I', number_text(place.by_classid(), place.id));
}

bool is_of_cgroups(std::string_view chain, std::span<const std::uint8_t> user_data) {
  if (chain.starts_with("CO-") || chain.starts_with("CI-"))
    return true;
  const auto owner = read_owner_mark(user_data);
  return owner && is_cgroup_owner(*owner);
}

std::optional<PortRuleset> lay_out_cgroup(const ClosedProgram &program, const CgroupPlace &place,
                                          Diagnostics &diagnostics) {
  const auto errors = diagnostics.error_count();
  std::set<const Origin *> refused;
  PortRuleset ruleset;
  ruleset.port = cgroup_owner(place.by_classid(), place.id);
  for (const auto family : {Family::ip, Family::ip6})
    for (const auto direction : {Direction::out, Direction::in})
      if (direction == Direction::out || !place.by_classid())
        DirectionLayout(program.program, place, family, direction, ruleset, refused, diagnostics).run();
  return diagnostics.error_count() == errors ? std::optional(std::move(ruleset)) : std::nullopt;
}

} // namespace nwgate::xtables
