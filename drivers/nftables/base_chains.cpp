// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/nftables/base_chains.h"

#include <array>
#include <fmt/format.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_bridge.h>

namespace nwgate::nftables {
namespace {

using netlink::ExpressionList;
using netlink::Family;

/// Before ebtables' table nat and everybody's filter; behind them.
constexpr std::int32_t first_in_bridge = -300;
constexpr std::int32_t last_in_bridge = 300;
/// br_netfilter runs the hook FORWARD of the IP families at priority 0 of the bridge's, behind -1.
constexpr std::int32_t before_ip_forward = -10;
/// Connections of the bridge are tracked at -200; and what is not before br_netfilter's 0 may be passed over.
constexpr std::int32_t behind_bridge_conntrack = -150;
/// Behind connection tracking (-200) and translated destinations (-100).
constexpr std::int32_t filter = 0;

std::vector<std::uint8_t> host_bytes(std::uint32_t number) { return number_key(number); }

std::array<std::uint8_t, 2> ether_type(Layer layer) {
  const std::uint16_t type = layer == Layer::ipv4 ? ETH_P_IP : ETH_P_IPV6;
  return {static_cast<std::uint8_t>(type >> 8U), static_cast<std::uint8_t>(type & 0xffU)};
}

void clear_mark(std::uint32_t mask, ExpressionList &out) {
  out.meta(NFT_META_MARK, {0});
  out.bitwise_and({0}, {0}, host_bytes(~mask));
  out.set_meta(NFT_META_MARK, {0});
}

LaidRule cleared_mark(const Options &options) {
  ExpressionList e;
  clear_mark(options.mark_mask, e);
  return shared_rule(e);
}

/// A device that was a port when it was bound and has another name now is not let through.
LaidRule renamed_devices(std::uint32_t meta_key) {
  ExpressionList e;
  e.meta(meta_key, {0});
  e.lookup_data(shared::devices, {0}, {4});
  e.counter();
  e.verdict(NF_DROP);
  return shared_rule(e);
}

/// Leads packets whose port `key` loads to their programs, for good.
void add_ways(const std::vector<ProgramId> &programs, const PortKey &key, Direction direction, bool by_mark,
              LaidChain &chain) {
  bool has_others = false;
  for (const auto &program : programs) {
    if (program.dispatch == Dispatch::verdict_map) {
      has_others = true;
      continue;
    }
    ExpressionList e;
    key.load(e);
    e.lookup(by_mark ? marks_set(program.name) : ports_set(program.name, direction), {0});
    e.verdict(NFT_GOTO, chain_name(program.name, direction, root_chain));
    chain.rules.push_back(shared_rule(e));
  }
  if (!has_others)
    return;
  ExpressionList e;
  key.load(e);
  e.lookup_verdict(direction == Direction::out ? shared::out_others : shared::in_others, {0});
  chain.rules.push_back(shared_rule(e));
}

/// Asks for other bits in the mark than ours.
void compare_other_bits(std::uint32_t mask, std::uint32_t operation, ExpressionList &out) {
  out.meta(NFT_META_MARK, {0});
  out.bitwise_and({0}, {0}, host_bytes(~mask));
  out.compare({0}, operation, host_bytes(0));
}

/// Sets our bits in a mark that has other bits, one after the other: no expression that all kernels and listings know
/// puts together what is there and what a map says.
void add_bit_chain(const char *name, std::uint32_t name_key, const Options &options, LaidTable &table) {
  LaidChain chain;
  chain.rules.push_back(cleared_mark(options));
  unsigned number = 0;
  for (std::uint32_t bit = 1; bit != 0; bit <<= 1U) {
    if ((options.mark_mask & bit) == 0)
      continue;
    ExpressionList e;
    e.meta(name_key, {0});
    e.lookup(shared::mark_bit(number++), {0});
    e.meta(NFT_META_MARK, {0});
    e.bitwise_or({0}, {0}, bit);
    e.set_meta(NFT_META_MARK, {0});
    chain.rules.push_back(shared_rule(e));
  }
  table.chains[name] = std::move(chain);
}

void add_marking(const Options &options, LaidTable &table) {
  auto &prerouting = table.chains["prerouting"];
  ExpressionList mark_out;
  compare_other_bits(options.mark_mask, NFT_CMP_EQ, mark_out);
  mark_out.meta(NFT_META_IIFNAME, {0});
  mark_out.lookup_data(shared::out_marks, {0}, {4});
  mark_out.set_meta(NFT_META_MARK, {4});
  prerouting.rules.push_back(shared_rule(mark_out));
  ExpressionList bits_out;
  compare_other_bits(options.mark_mask, NFT_CMP_NEQ, bits_out);
  bits_out.verdict(NFT_JUMP, "mark-out");
  prerouting.rules.push_back(shared_rule(bits_out));
  add_bit_chain("mark-out", NFT_META_IIFNAME, options, table);

  auto forward = base_chain(NF_BR_FORWARD, before_ip_forward);
  ExpressionList mark_in;
  compare_other_bits(options.mark_mask, NFT_CMP_EQ, mark_in);
  mark_in.payload(NFT_PAYLOAD_LL_HEADER, 12, 2, {0});
  mark_in.meta(NFT_META_OIFNAME, {1});
  mark_in.lookup_data(shared::in_marks, {0}, {8});
  mark_in.set_meta(NFT_META_MARK, {8});
  mark_in.verdict(NF_ACCEPT);
  forward.rules.push_back(shared_rule(mark_in));
  forward.rules.push_back(cleared_mark(options)); // of what no IP family has seen
  ExpressionList bits_in;
  compare_other_bits(options.mark_mask, NFT_CMP_NEQ, bits_in);
  bits_in.payload(NFT_PAYLOAD_LL_HEADER, 12, 2, {0});
  bits_in.meta(NFT_META_OIFNAME, {1});
  bits_in.lookup_data(shared::in_marks, {0}, {8});
  bits_in.verdict(NFT_JUMP, "mark-in");
  forward.rules.push_back(shared_rule(bits_in));
  table.chains["forward"] = std::move(forward);
  add_bit_chain("mark-in", NFT_META_OIFNAME, options, table);

  auto input = base_chain(NF_BR_LOCAL_IN, first_in_bridge);
  input.rules.push_back(cleared_mark(options));
  table.chains["input"] = std::move(input);
}

void add_bridge_chains(const std::vector<ProgramId> &programs, bool any_ip, const Options &options, LaidTable &table) {
  table.chains["prerouting"] = base_chain(NF_BR_PRE_ROUTING, first_in_bridge);
  table.chains["postrouting"] = base_chain(NF_BR_POST_ROUTING, last_in_bridge);
  if (any_ip)
    add_marking(options, table);
  auto &prerouting = table.chains["prerouting"];
  add_ways(programs, {PortKey::Kind::in_name, 0}, Direction::out, false, prerouting);
  prerouting.rules.push_back(renamed_devices(NFT_META_IIF));
  auto &postrouting = table.chains["postrouting"];
  add_ways(programs, {PortKey::Kind::out_name, 0}, Direction::in, false, postrouting);
  postrouting.rules.push_back(renamed_devices(NFT_META_OIF));
}

/// Marks what comes from a routed port, or goes to one. Bridged packets have the bridge's name here, which is no port.
void mark_routed(std::uint32_t name_key, const char *bit_chain, const Options &options, LaidChain &chain) {
  ExpressionList mark;
  compare_other_bits(options.mark_mask, NFT_CMP_EQ, mark);
  mark.meta(name_key, {0});
  mark.lookup_data(shared::out_marks, {0}, {4});
  mark.set_meta(NFT_META_MARK, {4});
  chain.rules.push_back(shared_rule(mark));
  ExpressionList bits;
  compare_other_bits(options.mark_mask, NFT_CMP_NEQ, bits);
  bits.meta(name_key, {0});
  bits.lookup_data(shared::out_marks, {0}, {4});
  bits.verdict(NFT_JUMP, bit_chain);
  chain.rules.push_back(shared_rule(bits));
}

void add_ip_chains(const std::vector<ProgramId> &programs, bool any_routed, const Options &options, LaidTable &table) {
  const auto add = [&](const char *name, std::uint32_t hook, Direction direction) {
    auto chain = base_chain(hook, filter);
    if (any_routed)
      mark_routed(direction == Direction::out ? NFT_META_IIFNAME : NFT_META_OIFNAME,
                  direction == Direction::out ? "mark-out" : "mark-in", options, chain);
    ExpressionList unmarked;
    unmarked.meta(NFT_META_MARK, {0});
    unmarked.bitwise_and({0}, {0}, host_bytes(options.mark_mask));
    unmarked.compare({0}, NFT_CMP_EQ, host_bytes(0));
    unmarked.verdict(NF_ACCEPT);
    chain.rules.push_back(shared_rule(unmarked));
    add_ways(programs, {PortKey::Kind::mark, options.mark_mask}, direction, true, chain);
    chain.rules.push_back(cleared_mark(options));
    table.chains[name] = std::move(chain);
  };
  add("prerouting", NF_INET_PRE_ROUTING, Direction::out);
  add("forward", NF_INET_FORWARD, Direction::in);
  if (any_routed) {
    add("output", NF_INET_LOCAL_OUT, Direction::in);
    add_bit_chain("mark-out", NFT_META_IIFNAME, options, table);
    add_bit_chain("mark-in", NFT_META_OIFNAME, options, table);
  }
  LaidChain accept;
  ExpressionList e;
  clear_mark(options.mark_mask, e);
  e.verdict(NF_ACCEPT);
  accept.rules.push_back(shared_rule(e));
  table.chains[accept_chain] = std::move(accept);
}

/// By what a dropped packet is counted.
std::vector<PortKey> drop_keys(Family family, Direction direction, const Options &options) {
  const PortKey in_name{PortKey::Kind::in_name, 0};
  const PortKey out_name{PortKey::Kind::out_name, 0};
  if (family == Family::netdev) // a packet has one of the two; which one depends on the device
    return {in_name, out_name};
  if (family == Family::bridge)
    return {direction == Direction::out ? in_name : out_name};
  return {{PortKey::Kind::mark, options.mark_mask}};
}

void add_ends(Family family, const Options &options, LaidTable &table) {
  ExpressionList drop;
  drop.counter();
  drop.verdict(NF_DROP);
  ExpressionList reject;
  reject.counter();
  reject.reject(family == Family::ip ? ICMP_PORT_UNREACH : ICMPV6_PORT_UNREACH);
  for (const auto direction : {Direction::out, Direction::in}) {
    const auto add = [&](const std::string &name, const ExpressionList &verdict) {
      LaidChain chain;
      for (const auto &key : drop_keys(family, direction, options))
        chain.rules.push_back(
            count_dropped(key, direction == Direction::out ? shared::out_dropped : shared::in_dropped));
      chain.rules.push_back(shared_rule(verdict));
      table.chains[name] = std::move(chain);
    };
    add(drop_chain(direction), drop);
    if (family == Family::ip || family == Family::ip6)
      add(reject_chain(direction), reject);
  }
}

} // namespace

void add_base_chains(Family family, const std::vector<ProgramId> &programs, bool marks, const Options &options,
                     LaidTable &table) {
  if (family == Family::bridge)
    add_bridge_chains(programs, marks, options, table);
  else if (family != Family::netdev)
    add_ip_chains(programs, marks, options, table);
  add_ends(family, options, table);
}

void add_device_chain(const std::string &port, const SharedProgram &program, const ProgramId &id, Direction direction,
                      LaidTable &table) {
  const bool is_ingress = (direction == Direction::out) != program.is_macvtap;
  LaidChain chain = base_chain(is_ingress ? NF_NETDEV_INGRESS : NF_NETDEV_EGRESS, 0);
  chain.base->device = port;
  chain.program = id;
  chain.port = port;
  ExpressionList e;
  PortKey{is_ingress ? PortKey::Kind::in_name : PortKey::Kind::out_name, 0}.load(e);
  e.compare({0}, NFT_CMP_EQ, name_key(port));
  e.counter();
  e.verdict(NFT_GOTO, chain_name(program.name, direction, root_chain));
  chain.rules.push_back(shared_rule(e));
  ExpressionList renamed; // the sets know it by another name
  renamed.counter();
  renamed.verdict(NF_DROP);
  chain.rules.push_back(shared_rule(renamed));
  table.chains[fmt::format("{}/{}", port, direction == Direction::out ? "out" : "in")] = std::move(chain);
}

void add_bridge_ip_chains(const std::vector<ProgramId> &programs, LaidTable &table) {
  const auto add = [&](const char *name, std::uint32_t hook, std::int32_t priority, Direction direction) {
    auto chain = base_chain(hook, priority);
    const auto name_key = direction == Direction::out ? NFT_META_IIFNAME : NFT_META_OIFNAME;
    bool has_others = false;
    for (const auto &program : programs) {
      if (program.dispatch == Dispatch::verdict_map) {
        has_others = true;
        continue;
      }
      for (const auto layer : {Layer::ipv4, Layer::ipv6}) {
        ExpressionList e;
        e.payload(NFT_PAYLOAD_LL_HEADER, 12, 2, {0});
        e.compare({0}, NFT_CMP_EQ, ether_type(layer));
        e.meta(name_key, {0});
        e.lookup(marks_set(program.name), {0});
        e.verdict(NFT_GOTO, ip_chain_name(program.name, direction, layer));
        chain.rules.push_back(shared_rule(e));
      }
    }
    if (has_others) {
      ExpressionList e;
      e.payload(NFT_PAYLOAD_LL_HEADER, 12, 2, {0});
      e.meta(name_key, {1});
      e.lookup_verdict(direction == Direction::out ? shared::out_ip_others : shared::in_ip_others, {0});
      chain.rules.push_back(shared_rule(e));
    }
    table.chains[name] = std::move(chain);
  };
  LaidChain drop;
  drop.rules.push_back(count_dropped({PortKey::Kind::out_name, 0}, shared::in_ip_dropped));
  ExpressionList e;
  e.counter();
  e.verdict(NF_DROP);
  drop.rules.push_back(shared_rule(e));
  table.chains[bridge_ip_drop_chain(Direction::in)] = std::move(drop);
  for (const auto direction : {Direction::out, Direction::in}) // programs with SCTP ports are not here
    table.chains[whole_chain("whole-icmp", direction)] =
        whole_header_chain(Family::bridge, icmp_header, bridge_ip_drop_chain(direction));
  add("ip-prerouting", NF_BR_PRE_ROUTING, behind_bridge_conntrack, Direction::out);
  add("ip-forward", NF_BR_FORWARD, before_ip_forward, Direction::in);
}

std::string drop_chain(Direction direction) { return direction == Direction::out ? "drop-out" : "drop-in"; }

std::string bridge_ip_drop_chain(Direction direction) {
  return direction == Direction::out ? drop_chain(direction) : "drop-ip-in";
}

std::string whole_chain(const std::string &prefix, Direction direction) {
  return prefix + (direction == Direction::out ? "-out" : "-in");
}

namespace {

/// It has no header that could be cut off.
LaidRule back_if_later_fragment(Family family, bool is_v6) {
  constexpr std::array<std::uint8_t, 2> v4_mask{0x1f, 0xff}, v6_mask{0xff, 0xf8}, none{};
  constexpr std::array<std::uint8_t, 2> v4_type{ETH_P_IP >> 8U, ETH_P_IP & 0xffU},
      v6_type{ETH_P_IPV6 >> 8U, ETH_P_IPV6 & 0xffU};
  ExpressionList e;
  if (family == Family::inet) {
    const std::uint8_t version = is_v6 ? NFPROTO_IPV6 : NFPROTO_IPV4;
    e.meta(NFT_META_NFPROTO, {0});
    e.compare({0}, NFT_CMP_EQ, {&version, 1});
  } else {
    e.meta(NFT_META_PROTOCOL, {0});
    e.compare({0}, NFT_CMP_EQ, is_v6 ? v6_type : v4_type);
  }
  if (is_v6)
    e.extension_header(IPPROTO_FRAGMENT, 2, 2, {0});
  else
    e.payload(NFT_PAYLOAD_NETWORK_HEADER, 6, 2, {0});
  e.bitwise_and({0}, {0}, is_v6 ? v6_mask : v4_mask);
  e.compare({0}, NFT_CMP_NEQ, none);
  e.verdict(NFT_RETURN);
  return shared_rule(e);
}

} // namespace

LaidChain whole_header_chain(Family family, std::uint32_t size, const std::string &drop_chain) {
  ExpressionList whole;
  whole.payload(NFT_PAYLOAD_TRANSPORT_HEADER, 0, size, {0});
  whole.compare({0}, NFT_CMP_GTE, std::vector<std::uint8_t>(size));
  whole.verdict(NFT_RETURN);
  ExpressionList cut;
  cut.verdict(NFT_GOTO, drop_chain);
  LaidChain chain;
  chain.rules = {shared_rule(whole), back_if_later_fragment(family, false), back_if_later_fragment(family, true),
                 shared_rule(cut)};
  return chain;
}

std::string reject_chain(Direction direction) { return direction == Direction::out ? "reject-out" : "reject-in"; }

LaidRule shared_rule(const ExpressionList &expressions) {
  return laid_rule({expressions.bytes(), program_mark({}), 0}, nullptr);
}

LaidChain base_chain(std::uint32_t hook, std::int32_t priority) {
  LaidChain chain;
  chain.base = netlink::BaseChain{"filter", hook, priority, netlink::Policy::accept, {}};
  return chain;
}

// It decides nothing, so that a port that is missing in the set still loses the packet.
LaidRule count_dropped(const PortKey &key, const std::string &set) {
  ExpressionList e;
  key.load(e);
  e.lookup(set, {0});
  return shared_rule(e);
}

LaidRule laid_rule(netlink::RuleContent content, std::shared_ptr<const Origin> origin) {
  auto form = netlink::canonical_form(content.expressions);
  return {std::move(content), std::move(form), std::move(origin)};
}

LaidRule end_of_sub_chain() {
  ExpressionList e;
  e.counter();
  e.verdict(NF_ACCEPT);
  return shared_rule(e);
}

LaidRule end_of_ip_program() {
  ExpressionList e;
  e.counter();
  e.verdict(NFT_GOTO, accept_chain);
  return shared_rule(e);
}

} // namespace nwgate::nftables
