// SPDX-License-Identifier: LGPL-2.1-or-later
/// The chains at the kernel's hooks, which lead packets to their port's program, and those that all programs use.
#pragma once

#include "drivers/nftables/layout.h"

namespace nwgate::nftables {

/// `programs` are those of this family. `marks`: ports get their marks here.
void add_base_chains(netlink::Family family, const std::vector<ProgramId> &programs, bool marks, const Options &options,
                     LaidTable &table);

/// The hooks of the bridge family for programs that have their IP layers there.
void add_bridge_ip_chains(const std::vector<ProgramId> &programs, LaidTable &table);

/// The base chain of a port's own device, in the netdev family: for packets of the direction as the workload sees it.
void add_device_chain(const std::string &port, const SharedProgram &program, const ProgramId &id, Direction direction,
                      LaidTable &table);

std::string drop_chain(Direction direction);
std::string reject_chain(Direction direction);
/// Of an IP layer in the bridge family: the direction in counts apart, as its packets have not come to their program's
/// ethernet layer, which counts all.
std::string bridge_ip_drop_chain(Direction direction);
/// Drops packets of an IP layer without a whole header of this size, and sends the others back, later fragments too:
/// `prefix` is `whole-icmp` or `whole-sctp`, `family` inet or bridge.
std::string whole_chain(const std::string &prefix, Direction direction);
LaidChain whole_header_chain(netlink::Family family, std::uint32_t size, const std::string &drop_chain);
/// sizeof(struct icmphdr) and (struct icmp6hdr), sizeof(struct sctphdr).
inline constexpr std::uint32_t icmp_header = 8, sctp_header = 12;

/// A rule that no document holds.
LaidRule shared_rule(const netlink::ExpressionList &expressions);
/// A chain at a hook (NF_INET_*, NF_BR_*), of type filter and policy accept.
LaidChain base_chain(std::uint32_t hook, std::int32_t priority);
/// A chain that counts a packet for its port in the set, and drops it.
LaidRule count_dropped(const PortKey &key, const std::string &set);
LaidRule laid_rule(netlink::RuleContent content, std::shared_ptr<const Origin> origin);
/// At the end of a chain of the ethernet layer that was jumped to, the frame passes.
LaidRule end_of_sub_chain();
/// Where packets go that a program of an IP layer accepts: their mark is cleared.
inline constexpr const char *accept_chain = "accepted";
LaidRule end_of_ip_program();

} // namespace nwgate::nftables
