// SPDX-License-Identifier: LGPL-2.1-or-later
#include "engine/resolve/lower_to_program.h"

#include "engine/model/chain_name.h"
#include "engine/resolve/expand_directions.h"
#include "engine/resolve/lower_ethernet.h"
#include "engine/resolve/lower_ip.h"
#include "engine/resolve/match_builder.h"

#include <algorithm>
#include <linux/if_ether.h>

namespace nwgate {
namespace {

VerdictKind verdict_of(Action action, Layer layer) {
  switch (action) {
  case Action::accept:
    return VerdictKind::accept;
  case Action::drop:
    return VerdictKind::drop;
  case Action::reject: // ebtables has nothing to answer with, and libvirt's users rely on the drop
    return layer == Layer::ethernet ? VerdictKind::drop : VerdictKind::reject;
  case Action::return_to_caller:
    return VerdictKind::return_to_caller;
  case Action::continue_with_next:
    break;
  }
  return VerdictKind::continue_with_next;
}

/// Which frames take the jump to a sub-chain.
std::vector<Match> jump_matches(ChainPrefix prefix) {
  const auto type = [](std::uint32_t value) {
    return std::vector<Match>{{Field::ether_type, false, Form::single, {Literal(value)}}};
  };
  switch (prefix) {
  case ChainPrefix::root:
  case ChainPrefix::mac:
    return {};
  case ChainPrefix::stp: // IEEE 802.1D: the bridge group address
    return {{Field::ether_dst, false, Form::single, {Literal(MacAddress{{0x01, 0x80, 0xc2, 0, 0, 0}})}}};
  case ChainPrefix::vlan:
    return type(ETH_P_8021Q);
  case ChainPrefix::arp:
    return type(ETH_P_ARP);
  case ChainPrefix::rarp:
    return type(ETH_P_RARP);
  case ChainPrefix::ipv4:
    return type(ETH_P_IP);
  case ChainPrefix::ipv6:
    return type(ETH_P_IPV6);
  }
  return {};
}

class Lowering {
public:
  explicit Lowering(std::string_view top) { program_.filter = top; }

  void add_jump(const ChainPlace &place) {
    ProgramRule jump;
    jump.matches = jump_matches(chain_prefix(place.name).value_or(ChainPrefix::root));
    jump.verdict = VerdictKind::jump;
    jump.jump_target = place.name;
    chain(Layer::ethernet, place.direction, root_chain, 0).rules.push_back(std::move(jump));
    chain(Layer::ethernet, place.direction, place.name, place.priority);
  }

  void add(const FlatRule &flat) {
    const auto protocol = flat.rule->protocol;
    const auto layer = spec_of(protocol).layer;
    // A layer that has any rule has both of its chains (libvirt makes FI, FO and HI together).
    if (layer != Layer::ethernet)
      for (const auto direction : {Direction::out, Direction::in})
        chain(layer, direction, root_chain, 0);
    const SlotTable slots(flat);
    for (const auto &directed : expand_directions(*flat.rule)) {
      MatchBuilder matches(flat, slots, directed.swapped);
      if (layer == Layer::ethernet)
        lower_ethernet(protocol, matches);
      else if (!lower_ip(protocol, directed, matches))
        continue;
      ProgramRule rule;
      rule.matches = matches.take();
      rule.verdict = verdict_of(flat.rule->action, layer);
      rule.slots = slots.slots();
      rule.origin = flat.origin;
      if (const auto *comment = flat.rule->find(Attribute::comment))
        rule.comment = std::get<std::string>(std::get<Literal>(comment->value));
      const auto &name = layer == Layer::ethernet ? flat.filter->chain : std::string(root_chain);
      chain(layer, directed.direction, name, 0).rules.push_back(std::move(rule));
    }
  }

  Program take() {
    std::ranges::stable_sort(program_.chains, {}, [](const Chain &c) { return std::pair(c.layer, c.direction); });
    return std::move(program_);
  }

private:
  Chain &chain(Layer layer, Direction direction, const std::string &name, int priority) {
    auto found = std::ranges::find_if(program_.chains, [&](const Chain &c) {
      return c.layer == layer && c.direction == direction && c.name == name;
    });
    if (found == program_.chains.end()) {
      const auto end = layer == Layer::ethernet ? VerdictKind::accept : VerdictKind::return_to_caller;
      found = program_.chains.insert(found, Chain{layer, direction, name, priority, {}, end});
    }
    return *found;
  }

  Program program_;
};

} // namespace

Program lower_to_program(std::string_view top, const OrderedRules &rules) {
  Lowering lowering(top);
  for (const auto &step : rules.ethernet) {
    if (const auto *place = std::get_if<ChainPlace>(&step))
      lowering.add_jump(*place);
    else
      lowering.add(std::get<FlatRule>(step));
  }
  for (const auto &rule : rules.ip)
    lowering.add(rule);
  return lowering.take();
}

} // namespace nwgate
