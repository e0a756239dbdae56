// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/nftables/layout.h"

#include "drivers/nftables/base_chains.h"
#include "engine/model/diagnostic_ids.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <fmt/format.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

namespace nwgate::nftables {
namespace {

using netlink::Family;

// nft(8)'s numbers of types, for its listings.
constexpr std::uint32_t type_integer = 4;
constexpr std::uint32_t type_ipv4 = 7;
constexpr std::uint32_t type_ipv6 = 8;
constexpr std::uint32_t type_mac = 9;
constexpr std::uint32_t type_ether_type = 10;
constexpr std::uint32_t type_port_number = 13;
constexpr std::uint32_t type_mark = 19;
constexpr std::uint32_t type_interface_index = 20;
constexpr std::uint32_t type_interface_name = 41;
constexpr std::uint32_t name_length = 16;
constexpr std::uint32_t number_length = 4;

std::uint32_t concatenated(std::uint32_t left, std::uint32_t right) { return left << 6U | right; }

std::uint32_t type_of(KeyPart::Encoding encoding) {
  switch (encoding) {
  case KeyPart::Encoding::mac:
    return type_mac;
  case KeyPart::Encoding::ipv4:
    return type_ipv4;
  case KeyPart::Encoding::ipv6:
    return type_ipv6;
  case KeyPart::Encoding::u16:
    return type_port_number;
  default:
    return type_integer;
  }
}

netlink::SetSpec map_spec(std::uint32_t key_type, std::uint32_t key_length, std::uint32_t data_type,
                          std::uint32_t data_length, bool counters) {
  netlink::SetSpec spec;
  spec.key_type = key_type;
  spec.key_length = key_length;
  spec.data_type = data_type;
  spec.data_length = data_length;
  spec.counters = counters;
  return spec;
}

netlink::SetSpec set_spec(std::uint32_t key_type, std::uint32_t key_length, bool counters) {
  return map_spec(key_type, key_length, 0, 0, counters);
}

/// The only part of a key: such keys are as long as the field.
bool is_single_part(const Lookup &lookup, std::uint32_t port_length) {
  return port_length == 0 && lookup.parts.size() == 1;
}

netlink::SetSpec lookup_spec(const Lookup &lookup, std::uint32_t port_length) {
  netlink::SetSpec spec;
  if (port_length > 0)
    spec.key_type = port_length == name_length ? type_interface_name : type_mark;
  spec.key_length = port_length;
  if (lookup.has_intervals() && port_length > 0)
    spec.interval_fields.push_back(port_length);
  for (const auto &part : lookup.parts) {
    spec.key_type = concatenated(spec.key_type, type_of(part.encoding));
    spec.key_length += is_single_part(lookup, port_length) ? part.length() : (part.length() + 3) / 4 * 4;
    if (lookup.has_intervals())
      spec.interval_fields.push_back(part.length());
  }
  return spec;
}

Layer layer_of(Family family) {
  return family == Family::ip ? Layer::ipv4 : family == Family::ip6 ? Layer::ipv6 : Layer::ethernet;
}

bool is_ip(Family family) { return family == Family::ip || family == Family::ip6; }

PortKey key_of(Family family, Direction direction, const SharedProgram &program, const Options &options) {
  if (program.cgroups)
    return {PortKey::Kind::none}; // the way to the program has asked
  if (is_ip(family))
    return {PortKey::Kind::mark, options.mark_mask};
  return {(direction == Direction::out) != program.is_macvtap ? PortKey::Kind::in_name : PortKey::Kind::out_name, 0};
}

class Names final : public RuleNames {
public:
  Names(const SharedProgram &program, Direction direction, Family family, bool ip_in_bridge)
      : program_(program), direction_(direction), family_(family), ip_in_bridge_(ip_in_bridge) {}

  [[nodiscard]] std::string set(std::size_t lookup) const override {
    return set_name(program_.name, program_.lookups.lookups[lookup]);
  }
  [[nodiscard]] std::string chain(const std::string &name) const override {
    return chain_name(program_.name, direction_, name);
  }
  [[nodiscard]] std::string accept() const override { return is_ip(family_) ? accept_chain : ""; }
  [[nodiscard]] std::string drop() const override {
    if (program_.cgroups)
      return drop_chain(direction_) + '/' + program_.cgroups->name();
    return ip_in_bridge_ ? bridge_ip_drop_chain(direction_) : drop_chain(direction_);
  }
  [[nodiscard]] std::string reject() const override {
    return program_.cgroups ? reject_chain(direction_) + '/' + program_.cgroups->name() : reject_chain(direction_);
  }
  [[nodiscard]] std::string whole_icmp() const override { return whole("whole-icmp"); }
  [[nodiscard]] std::string whole_sctp() const override { return whole("whole-sctp"); }

private:
  [[nodiscard]] std::string whole(const std::string &prefix) const {
    return program_.cgroups ? whole_chain(prefix, direction_) + '/' + program_.cgroups->name()
                            : whole_chain(prefix, direction_);
  }

  const SharedProgram &program_;
  Direction direction_;
  Family family_;
  bool ip_in_bridge_;
};

/// Sets keyed by port.
netlink::SetSpec port_spec(Family family, bool counters) {
  return is_ip(family) ? set_spec(type_mark, number_length, counters)
                       : set_spec(type_interface_name, name_length, counters);
}

void add_table_sets(Family family, const Options &options, bool marks, bool ip_in_bridge, LaidTable &table) {
  const auto add = [&](const std::string &name, netlink::SetSpec spec) { table.sets[name].spec = std::move(spec); };
  for (const auto *name : {shared::out_dropped, shared::in_dropped})
    add(name, port_spec(family, true));
  if (family == Family::netdev)
    return;
  for (const auto *name : {shared::out_others, shared::in_others}) {
    auto spec = port_spec(family, family == Family::bridge);
    spec.verdicts = true;
    add(name, std::move(spec));
  }
  if (family == Family::bridge)
    add(shared::devices, map_spec(type_interface_index, number_length, type_interface_name, name_length, false));
  if (ip_in_bridge)
    add(shared::in_ip_dropped, port_spec(family, true));
  if (ip_in_bridge)
    for (const auto *name : {shared::out_ip_others, shared::in_ip_others}) {
      auto spec = set_spec(concatenated(type_ether_type, type_interface_name), number_length + name_length, false);
      spec.verdicts = true;
      add(name, std::move(spec));
    }
  if (!marks)
    return;
  add(shared::out_marks, map_spec(type_interface_name, name_length, type_mark, number_length, false));
  if (family == Family::bridge)
    add(shared::in_marks, map_spec(concatenated(type_ether_type, type_interface_name), number_length + name_length,
                                   type_mark, number_length, false));
  for (unsigned bit = 0; bit < static_cast<unsigned>(std::popcount(options.mark_mask)); ++bit)
    add(shared::mark_bit(bit), set_spec(type_interface_name, name_length, false));
}

void append(const std::vector<std::uint8_t> &bytes, netlink::Elements &out) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

/// The lookups that chains of the layer make.
std::vector<bool> lookups_in(const SharedProgram &program, Layer layer) {
  std::vector<bool> used(program.lookups.lookups.size());
  for (std::size_t c = 0; c < program.program.chains.size(); ++c)
    if (program.program.chains[c].layer == layer)
      for (const auto &plan : program.lookups.chains[c])
        for (const auto &lookup : plan.lookups)
          used[lookup.lookup] = true;
  return used;
}

void add_elements(const Lookup &lookup, const KeyTails &tails, const std::vector<std::uint8_t> &key,
                  netlink::Elements &elements) {
  const auto length =
      static_cast<std::ptrdiff_t>(lookup_spec(lookup, static_cast<std::uint32_t>(key.size())).key_length - key.size());
  for (const auto &tail : tails) {
    append(key, elements);
    elements.insert(elements.end(), tail.begin(), tail.begin() + length);
    if (!lookup.has_intervals())
      continue;
    const auto last = tail.begin() + static_cast<std::ptrdiff_t>(tail.size() / 2);
    append(key, elements);
    elements.insert(elements.end(), last, last + length);
  }
}

/// The elements of the values that the program looks up in the layer: in front of them stands `key`.
void add_values(const SharedProgram &program, const std::vector<KeyTails> &values, Layer layer,
                const std::vector<std::uint8_t> &key, LaidTable &table) {
  const auto used = lookups_in(program, layer);
  for (std::size_t i = 0; i < used.size(); ++i)
    if (used[i])
      add_elements(program.lookups.lookups[i], values[i], key,
                   table.sets[set_name(program.name, program.lookups.lookups[i])].elements);
}

/// No packet comes behind the last rule.
bool has_end(const Chain &chain) {
  return !chain.rules.empty() && chain.rules.back().matches.empty() &&
         chain.rules.back().verdict != VerdictKind::continue_with_next &&
         chain.rules.back().verdict != VerdictKind::jump;
}

void refuse(const ProgramRule &rule, const std::string &why, Diagnostics &diagnostics) {
  auto &diagnostic = diagnostics.error(id::not_expressible, rule.origin ? rule.origin->where : SourcePosition{},
                                       "layout nftables: " + why);
  if (rule.origin)
    for (auto step = rule.origin->path.rbegin(); step != rule.origin->path.rend(); ++step)
      diagnostic.note(step->where, "included from here");
}

} // namespace

std::uint32_t most_marks(const Options &options) {
  return options.mark_mask >> static_cast<unsigned>(std::countr_zero(options.mark_mask));
}

std::uint32_t mark_of(std::uint32_t number, const Options &options) {
  return number << static_cast<unsigned>(std::countr_zero(options.mark_mask));
}

bool has_ip_layer(const SharedProgram &program) {
  return program.program.has_layer(Layer::ipv4) || program.program.has_layer(Layer::ipv6);
}

bool fits_bridge_conntrack(const SharedProgram &program) {
  const auto fits = [](const ProgramRule &rule) {
    return rule.verdict != VerdictKind::reject && std::ranges::all_of(rule.matches, [&](const Match &match) {
             const bool is_sctp_port = (match.field == Field::th_sport || match.field == Field::th_dport) &&
                                       std::ranges::any_of(rule.matches, [](const Match &other) {
                                         return other.operands.front() == Operand(Literal(std::uint32_t{IPPROTO_SCTP}));
                                       });
             return match.field != Field::ct_count && match.field != Field::set_lookup &&
                    match.field != Field::tcp_option && !is_sctp_port;
           });
  };
  return std::ranges::all_of(program.program.chains, [&](const Chain &chain) {
    return chain.layer == Layer::ethernet || std::ranges::all_of(chain.rules, fits);
  });
}

std::set<netlink::Family> families_of(const SharedProgram &program, Attachment attachment) {
  if (attachment == Attachment::cgroup)
    return {Family::inet};
  const bool is_bridged = attachment == Attachment::bridge || attachment == Attachment::bridge_conntrack;
  std::set<netlink::Family> families{is_bridged ? Family::bridge : Family::netdev};
  if (attachment != Attachment::bridge && attachment != Attachment::routed)
    return families;
  for (const auto family : {Family::ip, Family::ip6})
    if (program.program.has_layer(layer_of(family)))
      families.insert(family);
  return families;
}

void lay_out_base(const std::vector<Dispatched> &programs, bool any_routed, const Options &options, Ruleset &out) {
  const bool any_ip = std::ranges::any_of(programs, [](const Dispatched &program) {
    return program.families.contains(Family::ip) || program.families.contains(Family::ip6);
  });
  for (const auto family : all_families) {
    std::vector<ProgramId> here;
    std::vector<ProgramId> ip_here;
    for (const auto &program : programs) {
      if (program.families.contains(family))
        here.push_back(program.id);
      if (family == Family::bridge && program.ip_in_bridge)
        ip_here.push_back(program.id);
    }
    if (here.empty())
      continue;
    auto &table = out.tables[family];
    const bool marks = family == Family::bridge ? any_ip : is_ip(family) && any_routed;
    add_table_sets(family, options, marks, !ip_here.empty(), table);
    add_base_chains(family, here, marks, options, table);
    if (!ip_here.empty())
      add_bridge_ip_chains(ip_here, table);
  }
}

namespace {

/// Lays one program out in one family.
class ProgramLayout {
public:
  ProgramLayout(const SharedProgram &program, const ProgramId &id, Family family, const Options &options,
                const xtables::SetIndex &sets, LaidTable &table, Diagnostics &diagnostics)
      : program_(program), id_(id), family_(family), layer_(layer_of(family)), options_(options), sets_(sets),
        table_(table), diagnostics_(diagnostics) {}

  /// The IP layers in the bridge family.
  void run_ip_in_bridge() {
    add_set(marks_set(program_.name), port_spec(family_, false));
    for (const auto layer : {Layer::ipv4, Layer::ipv6}) {
      layer_ = layer;
      add_value_sets();
      for (const auto direction : {Direction::out, Direction::in}) // empty if the program has no such layer
        table_.chains[ip_chain_name(program_.name, direction, layer)].program = id_;
      for (std::size_t c = 0; c < program_.program.chains.size(); ++c)
        if (program_.program.chains[c].layer == layer_)
          add_chain(program_.program.chains[c], program_.lookups.chains[c]);
    }
  }

  /// All layers, for cgroups.
  void run_in_inet() {
    for (const auto layer : {Layer::ethernet, Layer::ipv4, Layer::ipv6}) {
      layer_ = layer;
      add_value_sets();
      add_values(program_, program_.values, layer, {}, table_);
      for (std::size_t c = 0; c < program_.program.chains.size(); ++c)
        if (program_.program.chains[c].layer == layer_)
          add_chain(program_.program.chains[c], program_.lookups.chains[c]);
    }
  }

  void run() {
    add_sets();
    // Each program has its two chains in each table, if only for a packet to come to their end.
    for (const auto direction : {Direction::out, Direction::in})
      table_.chains[chain_name(program_.name, direction, root_chain)].program = id_;
    for (std::size_t c = 0; c < program_.program.chains.size(); ++c)
      if (program_.program.chains[c].layer == layer_)
        add_chain(program_.program.chains[c], program_.lookups.chains[c]);
    if (!is_ip(family_))
      return;
    for (const auto direction : {Direction::out, Direction::in})
      if (const auto *chain = program_.program.find(layer_, direction, root_chain);
          chain == nullptr || !has_end(*chain))
        table_.chains[chain_name(program_.name, direction, root_chain)].rules.push_back(end_of_ip_program());
  }

private:
  void add_set(const std::string &name, netlink::SetSpec spec) {
    auto &set = table_.sets[name];
    set.spec = std::move(spec);
    set.program = id_;
  }

  void add_value_sets() {
    const auto used = lookups_in(program_, layer_);
    for (std::size_t i = 0; i < used.size(); ++i)
      if (used[i])
        add_set(set_name(program_.name, program_.lookups.lookups[i]),
                lookup_spec(program_.lookups.lookups[i], key_of(family_, Direction::out, program_, options_).length()));
  }

  void add_sets() {
    add_value_sets();
    if (id_.dispatch != Dispatch::set || family_ == Family::netdev)
      return;
    if (is_ip(family_))
      add_set(marks_set(program_.name), port_spec(family_, false));
    else
      for (const auto direction : {Direction::out, Direction::in})
        add_set(ports_set(program_.name, direction), port_spec(family_, true));
  }

  void add_chain(const Chain &chain, const std::vector<RulePlan> &plans) {
    const bool ip_in_bridge = layer_ != Layer::ethernet && !is_ip(family_);
    auto &laid = table_.chains[ip_in_bridge ? ip_chain_name(program_.name, chain.direction, layer_)
                                            : chain_name(program_.name, chain.direction, chain.name)];
    laid.program = id_;
    const Names names(program_, chain.direction, family_, ip_in_bridge);
    const Place place{family_, layer_, chain.direction, key_of(family_, chain.direction, program_, options_),
                      chain.name == root_chain ? std::nullopt : type_at_jumps(chain)};
    std::set<std::string> guards;
    for (std::size_t r = 0; r < chain.rules.size(); ++r) {
      if (auto guard = lower_guard(chain.rules[r], plans[r], place, names, sets_)) {
        auto rule = laid_rule(*std::move(guard), chain.rules[r].origin);
        if (guards.insert(rule.form).second) // what it drops does not come to another
          laid.rules.push_back(std::move(rule));
      }
      auto lowered = lower(chain.rules[r], plans[r], place, names, sets_);
      if (const auto *why = std::get_if<std::string>(&lowered))
        refuse(chain.rules[r], *why, diagnostics_);
      else
        laid.rules.push_back(laid_rule(std::get<netlink::RuleContent>(std::move(lowered)), chain.rules[r].origin));
    }
    if (layer_ == Layer::ethernet && chain.name != root_chain && chain.end == VerdictKind::accept && !has_end(chain))
      laid.rules.push_back(end_of_sub_chain());
  }

  /// The type of frames that every jump to the chain asks for.
  [[nodiscard]] std::optional<std::uint32_t> type_at_jumps(const Chain &chain) const {
    std::optional<std::uint32_t> type;
    for (const auto &rule : program_.program.find(chain.layer, chain.direction, root_chain)->rules) {
      if (rule.verdict != VerdictKind::jump || rule.jump_target != chain.name)
        continue;
      const auto match = std::ranges::find(rule.matches, Field::ether_type, &Match::field);
      if (match == rule.matches.end() || match->negated || match->form != Form::single)
        return std::nullopt;
      const auto asked = std::get<std::uint32_t>(std::get<Literal>(match->operands.front()));
      if (type.value_or(asked) != asked)
        return std::nullopt;
      type = asked;
    }
    return type;
  }

  const SharedProgram &program_;
  const ProgramId &id_;
  Family family_;
  Layer layer_;
  const Options &options_;
  const xtables::SetIndex &sets_;
  LaidTable &table_;
  Diagnostics &diagnostics_;
};

} // namespace

bool lay_out_program(const SharedProgram &program, const Dispatched &place, const Options &options,
                     const xtables::SetIndex &sets, Ruleset &out, Diagnostics &diagnostics) {
  const auto errors = diagnostics.error_count();
  if (program.cgroups) {
    ProgramLayout(program, place.id, Family::inet, options, sets, out.tables[Family::inet], diagnostics).run_in_inet();
    return diagnostics.error_count() == errors;
  }
  for (const auto family : place.families)
    ProgramLayout(program, place.id, family, options, sets, out.tables[family], diagnostics).run();
  if (place.ip_in_bridge)
    ProgramLayout(program, place.id, Family::bridge, options, sets, out.tables[Family::bridge], diagnostics)
        .run_ip_in_bridge();
  return diagnostics.error_count() == errors;
}

namespace {

/// Writes the elements of one port.
class PortWriter {
public:
  PortWriter(const PortProgram &port, const PortPlace &place, const Options &options, Ruleset &out)
      : port_(port), program_(*port.program), place_(place), options_(options), out_(out), name_(name_key(port.port)),
        mark_(number_key(place.mark)) {}

  void run() {
    for (const auto family : families_of(program_, port_.attachment))
      is_ip(family) ? add_ip(family) : add_ethernet(family);
    if (port_.attachment == Attachment::bridge_conntrack && has_ip_layer(program_))
      add_ip_in_bridge();
  }

private:
  /// To the program.
  void lead(LaidTable &table, const std::vector<std::uint8_t> &key, const std::string &set, Direction direction) {
    if (place_.program.dispatch == Dispatch::set)
      append(key, table.sets[set].elements);
    else
      table.sets[direction == Direction::out ? shared::out_others : shared::in_others].verdicts.push_back(
          {key, chain_name(program_.name, direction, root_chain), true});
  }

  void add_ethernet(Family family) {
    auto &table = out_.tables[family];
    if (family == Family::netdev)
      for (const auto direction : {Direction::out, Direction::in})
        add_device_chain(port_.port, program_, place_.program, direction, table);
    else
      for (const auto direction : {Direction::out, Direction::in})
        lead(table, name_, ports_set(program_.name, direction), direction);
    for (const auto *dropped : {shared::out_dropped, shared::in_dropped})
      append(name_, table.sets[dropped].elements);
    if (place_.device && family == Family::bridge)
      for (const auto &part : {number_key(*place_.device), name_})
        append(part, table.sets[shared::devices].elements);
    if (place_.mark != 0 && family == Family::bridge)
      add_mark(table);
    add_values(program_, port_.values, Layer::ethernet, name_, table);
  }

  void add_ip(Family family) {
    auto &table = out_.tables[family];
    if (port_.attachment == Attachment::routed) {
      add_mark(table);
    } else {
      auto &in_marks = out_.tables[Family::bridge].sets[shared::in_marks].elements;
      append(type_key(layer_of(family)), in_marks);
      append(name_, in_marks);
      append(mark_, in_marks);
    }
    if (place_.program.dispatch == Dispatch::set)
      append(mark_, table.sets[marks_set(program_.name)].elements);
    else
      for (const auto direction : {Direction::out, Direction::in})
        lead(table, mark_, {}, direction);
    for (const auto *dropped : {shared::out_dropped, shared::in_dropped})
      append(mark_, table.sets[dropped].elements);
    add_values(program_, port_.values, layer_of(family), mark_, table);
  }

  void add_ip_in_bridge() {
    auto &table = out_.tables[Family::bridge];
    for (const auto layer : {Layer::ipv4, Layer::ipv6}) {
      if (!program_.program.has_layer(layer))
        continue;
      add_values(program_, port_.values, layer, name_, table);
      if (place_.program.dispatch == Dispatch::set)
        continue;
      auto key = type_key(layer);
      append(name_, key);
      for (const auto direction : {Direction::out, Direction::in})
        table.sets[direction == Direction::out ? shared::out_ip_others : shared::in_ip_others].verdicts.push_back(
            {key, ip_chain_name(program_.name, direction, layer), true});
    }
    append(name_, table.sets[marks_set(program_.name)].elements);
    append(name_, table.sets[shared::in_ip_dropped].elements);
  }

  /// The type of the frames that an IP layer sees, at the front of a key.
  static std::vector<std::uint8_t> type_key(Layer layer) {
    const std::uint16_t type = layer == Layer::ipv4 ? ETH_P_IP : ETH_P_IPV6;
    return {static_cast<std::uint8_t>(type >> 8U), static_cast<std::uint8_t>(type & 0xffU), 0, 0};
  }

  void add_mark(LaidTable &table) {
    for (const auto &part : {name_, mark_})
      append(part, table.sets[shared::out_marks].elements);
    const auto lowest = static_cast<unsigned>(std::countr_zero(options_.mark_mask));
    for (unsigned bit = 0; bit < static_cast<unsigned>(std::popcount(options_.mark_mask)); ++bit)
      if ((place_.mark >> (bit + lowest) & 1U) != 0)
        append(name_, table.sets[shared::mark_bit(bit)].elements);
  }

  const PortProgram &port_;
  const SharedProgram &program_;
  const PortPlace &place_;
  const Options &options_;
  Ruleset &out_;
  std::vector<std::uint8_t> name_, mark_;
};

} // namespace

void lay_out_port(const PortProgram &port, const PortPlace &place, const Options &options, Ruleset &out) {
  PortWriter(port, place, options, out).run();
}

std::string ip_chain_name(const std::string &program, Direction direction, Layer layer) {
  return fmt::format("{}.{}", chain_name(program, direction, root_chain), layer == Layer::ipv4 ? "ipv4" : "ipv6");
}

std::string ports_set(const std::string &program, Direction direction) {
  return fmt::format("{}/{}-ports", program, direction == Direction::out ? "out" : "in");
}

std::string marks_set(const std::string &program) { return program + "/ports"; }

std::string shared::mark_bit(unsigned bit) { return fmt::format("mark-bit-{}", bit); }

std::string set_name(const std::string &program, const Lookup &lookup) { return program + "/" + lookup.name(); }

std::string chain_name(const std::string &program, Direction direction, const std::string &chain) {
  const auto *word = direction == Direction::out ? "out" : "in";
  return chain == root_chain ? fmt::format("{}/{}", program, word) : fmt::format("{}/{}/{}", program, word, chain);
}

std::vector<std::uint8_t> name_key(const std::string &port) {
  std::vector<std::uint8_t> key(port.begin(), port.end());
  key.resize(name_length);
  return key;
}

std::vector<std::uint8_t> number_key(std::uint32_t number) {
  std::vector<std::uint8_t> key(sizeof number);
  std::memcpy(key.data(), &number, sizeof number);
  return key;
}

} // namespace nwgate::nftables
