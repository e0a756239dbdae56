// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/nftables/cgroup_layout.h"

#include "drivers/nftables/base_chains.h"
#include "drivers/nftables/table_planner.h"
#include "engine/model/diagnostic_ids.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <fmt/format.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace nwgate::nftables {
namespace {

using netlink::ExpressionList;
using netlink::Family;

/// Behind connection tracking and translated addresses, as iptables' table filter; the IP layers behind the other.
constexpr std::int32_t ethernet_priority = 0, ip_priority = 1;
// nft(8)'s numbers of types, for its listings.
constexpr std::uint32_t type_integer = 4, type_cgroup = 46;

constexpr std::array both = {Direction::out, Direction::in};

std::string word_of(Direction direction) { return direction == Direction::out ? "out" : "in"; }

/// `out-cgroups`, or `out-classids`.
std::string map_name(const CgroupPlace &place, Direction direction, std::string_view layer) {
  return fmt::format("{}{}-{}", word_of(direction), layer, place.by_classid ? "classids" : "cgroups");
}

std::string drop_name(const CgroupPlace &place, Direction direction) {
  return drop_chain(direction) + '/' + place.name();
}

bool has_layer(const SharedProgram &program, Layer layer, Direction direction) {
  return std::ranges::any_of(program.program.chains, [&](const Chain &chain) {
    return chain.layer == layer && chain.direction == direction && !chain.rules.empty();
  });
}

/// What counts all packets of a cgroup: the ethernet layer, or else both IP layers.
bool is_counted_by(const SharedProgram &program, Layer layer, Direction direction) {
  return (layer == Layer::ethernet) == has_layer(program, Layer::ethernet, direction);
}

/// Whether cgroups of the program are led to its chain of the layer.
bool is_led(const SharedProgram &program, Layer layer, Direction direction) {
  return has_layer(program, layer, direction) || (layer != Layer::ethernet && is_counted_by(program, layer, direction));
}

class TableLayout {
public:
  TableLayout(const DesiredCgroups &desired, const KernelTable *present, const xtables::SetIndex &sets,
              Diagnostics &diagnostics, std::set<std::string> &at_fault)
      : desired_(desired), present_(present), sets_(sets), diagnostics_(diagnostics), at_fault_(at_fault) {}

  std::optional<DesiredState> run() {
    keep_untouched();
    std::map<std::string, const SharedProgram *> programs;
    for (const auto &cgroup : desired_.cgroups)
      programs.emplace(cgroup.program.program->name, cgroup.program.program.get());
    for (const auto &[name, program] : programs) {
      add_ends(*program->cgroups);
      lay_out(*program);
      result_.kept_programs.erase(name);
    }
    if (!at_fault_.empty())
      return std::nullopt;
    for (const auto &cgroup : desired_.cgroups)
      add_elements(cgroup);
    result_.is_empty = result_.ruleset.tables.empty();
    result_.ruleset.seal();
    return std::move(result_);
  }

private:
  /// The ways of cgroups that are not touched, as the kernel's maps tell them.
  void keep_untouched() {
    if (present_ == nullptr)
      return;
    const Touched touched(desired_);
    for (const bool by_classid : {false, true})
      for (const auto direction : both)
        for (const auto layer : {Layer::ethernet, Layer::ipv4, Layer::ipv6}) {
          const auto map = cgroups_map({by_classid, 0}, direction, layer);
          const auto found = present_->sets.find(map);
          if (found == present_->sets.end())
            continue;
          for (const auto &element : found->second.listing.verdicts)
            if (!touched.has(Family::inet, map, element.key))
              keep(element.chain, direction, layer);
        }
  }

  void keep(const std::string &chain, Direction direction, Layer layer) {
    const auto found = present_->chains.find(chain);
    const auto place = found == present_->chains.end() || !found->second.program
                           ? std::nullopt
                           : place_in_name(found->second.program->name);
    if (!place)
      return;
    result_.kept_programs.insert(found->second.program->name);
    add_ends(*place);
    add_map(*place, direction, layer);
  }

  void lay_out(const SharedProgram &program) {
    const ProgramId id{program.name, Dispatch::verdict_map};
    if (!lay_out_program(program, {id, {Family::inet}}, {}, sets_, result_.ruleset, diagnostics_))
      for (const auto &cgroup : desired_.cgroups)
        if (cgroup.program.program->name == program.name)
          at_fault_.insert(cgroup.program.port);
    for (const auto direction : both)
      for (const auto layer : {Layer::ethernet, Layer::ipv4, Layer::ipv6}) {
        if (!is_led(program, layer, direction))
          continue;
        table().chains[chain_of(program, direction, layer)].program = id; // empty if the program has no such layer
        add_map(*program.cgroups, direction, layer);
      }
  }

  LaidTable &table() { return result_.ruleset.tables[Family::inet]; }

  /// Where packets go that a program drops or rejects.
  void add_ends(const CgroupPlace &place) {
    if (places_.insert(place).second)
      for (const auto direction : both)
        add_ends(place, direction);
  }

  void add_ends(const CgroupPlace &place, Direction direction) {
    const auto key = cgroup_key(place);
    const auto counted = cgroups_dropped_set(place, direction);
    table().sets[counted].spec = set_of(place);
    ExpressionList drop;
    drop.counter();
    drop.verdict(NF_DROP);
    table().chains[drop_name(place, direction)].rules = {count_dropped(key, counted), shared_rule(drop)};
    auto &reject = table().chains[reject_chain(direction) + '/' + place.name()];
    reject.rules.push_back(count_dropped(key, counted));
    for (const bool is_v6 : {false, true}) {
      ExpressionList e;
      e.meta(NFT_META_NFPROTO, {0});
      const std::uint8_t version = is_v6 ? NFPROTO_IPV6 : NFPROTO_IPV4;
      e.compare({0}, NFT_CMP_EQ, {&version, 1});
      e.counter();
      e.reject(is_v6 ? ICMPV6_PORT_UNREACH : ICMP_PORT_UNREACH);
      reject.rules.push_back(shared_rule(e));
    }
    for (const auto &[prefix, size] : {std::pair("whole-icmp", icmp_header), std::pair("whole-sctp", sctp_header)})
      table().chains[whole_chain(prefix, direction) + '/' + place.name()] =
          whole_header_chain(Family::inet, size, drop_name(place, direction));
  }

  static netlink::SetSpec set_of(const CgroupPlace &place) {
    netlink::SetSpec spec;
    spec.key_type = place.by_classid ? type_integer : type_cgroup;
    spec.key_length = cgroup_key(place).length();
    spec.counters = true;
    return spec;
  }

  /// A map, and the rule at a hook that looks up there.
  void add_map(const CgroupPlace &place, Direction direction, Layer layer) {
    const auto map = cgroups_map(place, direction, layer);
    auto &spec = table().sets[map].spec;
    spec = set_of(place);
    spec.verdicts = true;
    add_way(place, direction, layer, map);
  }

  void add_way(const CgroupPlace &place, Direction direction, Layer layer, const std::string &map) {
    if (!ways_.insert({place, direction, layer}).second)
      return;
    const bool is_ip = layer != Layer::ethernet;
    const auto hook = direction == Direction::out ? NF_INET_LOCAL_OUT : NF_INET_LOCAL_IN;
    const auto name = fmt::format("{}{}/{}", word_of(direction), is_ip ? "-ip" : "", place.name());
    auto &chain = table().chains[name];
    if (!chain.base)
      chain = base_chain(hook, is_ip ? ip_priority : ethernet_priority);
    ExpressionList e;
    if (is_ip) {
      const std::uint8_t version = layer == Layer::ipv6 ? NFPROTO_IPV6 : NFPROTO_IPV4;
      e.meta(NFT_META_NFPROTO, {0});
      e.compare({0}, NFT_CMP_EQ, {&version, 1});
    }
    cgroup_key(place).load(e);
    e.lookup_verdict(map, {0});
    auto rule = shared_rule(e);
    // In one order, whatever the programs' names are.
    const auto at = std::ranges::lower_bound(chain.rules, rule.form, {}, &LaidRule::form);
    chain.rules.insert(at, std::move(rule));
  }

  static std::string chain_of(const SharedProgram &program, Direction direction, Layer layer) {
    return layer == Layer::ethernet ? chain_name(program.name, direction, root_chain)
                                    : ip_chain_name(program.name, direction, layer);
  }

  void add_elements(const PlacedCgroup &cgroup) {
    const auto &program = *cgroup.program.program;
    const auto key = cgroup_key_bytes(*program.cgroups, cgroup.id);
    for (const auto direction : both) {
      auto &dropped = table().sets[cgroups_dropped_set(*program.cgroups, direction)].elements;
      dropped.insert(dropped.end(), key.begin(), key.end());
      for (const auto layer : {Layer::ethernet, Layer::ipv4, Layer::ipv6})
        if (is_led(program, layer, direction))
          table().sets[cgroups_map(*program.cgroups, direction, layer)].verdicts.push_back(
              {key, chain_of(program, direction, layer), true});
    }
  }

  const DesiredCgroups &desired_;
  const KernelTable *present_;
  const xtables::SetIndex &sets_;
  Diagnostics &diagnostics_;
  std::set<std::string> &at_fault_;
  DesiredState result_;
  std::set<CgroupPlace> places_;
  std::set<std::tuple<CgroupPlace, Direction, Layer>> ways_;
};

} // namespace

std::vector<std::uint8_t> cgroup_key_bytes(const CgroupPlace &place, std::uint64_t id) {
  std::vector<std::uint8_t> key(cgroup_key(place).length());
  const auto classid = static_cast<std::uint32_t>(id);
  if (place.by_classid)
    std::memcpy(key.data(), &classid, sizeof classid);
  else
    std::memcpy(key.data(), &id, sizeof id);
  return key;
}

std::string cgroups_map(const CgroupPlace &place, Direction direction, Layer layer) {
  return map_name(place, direction, layer == Layer::ethernet ? "" : layer == Layer::ipv4 ? "-ipv4" : "-ipv6");
}

std::string cgroups_dropped_set(const CgroupPlace &place, Direction direction) {
  return map_name(place, direction, "-dropped");
}

namespace {

/// Reports each rule of the documents once, with what `why_not` says of one of its copies, if it says anything.
template <typename WhyNot> bool suits(const Program &program, WhyNot why_not, Diagnostics &diagnostics) {
  std::set<const Origin *> told;
  for (const auto &chain : program.chains)
    for (const auto &rule : chain.rules) {
      const std::optional<std::string> why = rule.origin ? why_not(chain, rule) : std::nullopt;
      if (!why || !told.insert(rule.origin.get()).second)
        continue;
      auto &diagnostic = diagnostics.error(id::not_expressible, rule.origin->where, *why);
      for (auto step = rule.origin->path.rbegin(); step != rule.origin->path.rend(); ++step)
        diagnostic.note(step->where, "included from here");
    }
  return told.empty();
}

/// What is neither in the IP packet nor known of its socket.
bool needs_frame(const Match &match) {
  if (match.field != Field::ether_type || match.form != Form::single)
    return match.field <= Field::arp_gratuitous;
  const auto *type = std::get_if<Literal>(&match.operands.front());
  return type == nullptr || (*type != Literal(std::uint32_t{ETH_P_IP}) && *type != Literal(std::uint32_t{ETH_P_IPV6}));
}

} // namespace

bool suits_cgroups(const Program &program, Diagnostics &diagnostics) {
  const auto why_not = [](const Chain & /*chain*/, const ProgramRule &rule) -> std::optional<std::string> {
    const auto match = std::ranges::find_if(rule.matches, needs_frame);
    if (match == rule.matches.end())
      return std::nullopt;
    return fmt::format("a cgroup's sockets have no {}: only rules of IP can be bound to it",
                       info_of(match->field).name);
  };
  return suits(program, why_not, diagnostics);
}

bool suits_classids(const Program &program, Diagnostics &diagnostics) {
  // An accept of what comes back to what was sent is as good as nothing.
  const auto why_not = [](const Chain &chain, const ProgramRule &rule) -> std::optional<std::string> {
    const bool is_reply = std::ranges::any_of(rule.matches, [](const Match &match) {
      return match.field == Field::ct_direction && match.operands.front() == Operand(Literal(std::uint32_t{1}));
    });
    if (chain.direction == Direction::out || (is_reply && rule.verdict == VerdictKind::accept))
      return std::nullopt;
    return "by a class id the kernel knows what sockets send, not what comes in: bind the path of a cgroup of v2, or "
           "rules of direction 'out' that take no answers along: of <ip> and <ipv6>, or with a state";
  };
  return suits(program, why_not, diagnostics);
}

std::optional<DesiredState> desired_cgroups(const DesiredCgroups &desired, const KernelTable *present,
                                            const xtables::SetIndex &sets, Diagnostics &diagnostics,
                                            std::set<std::string> &at_fault) {
  return TableLayout(desired, present, sets, diagnostics, at_fault).run();
}

} // namespace nwgate::nftables
