// SPDX-License-Identifier: LGPL-2.1-or-later
/// Lays a cgroup out in `ip filter` and `ip6 filter`, by iptables' match `cgroup`:
///
///     OUTPUT   -m cgroup --path system.slice/nginx.service -j CO-4242
///     INPUT    -m cgroup --path system.slice/nginx.service -j CI-4242
///     CO-4242  -j CO-4242-eth, and the rules of <tcp>, <udp>, ...
///
/// By a class id: `--cgroup 1048577 -j CO-0x100001`. Rules of <ip> and <ipv6> are in CO-4242-eth, or in CO-4242 if
/// there are no others.
///
/// Those of the cgroup are there in both families and directions, whatever the rules are: the links count.
///
/// What is accepted returns, so that it comes to the chains of the cgroups above: the match is true for those below a
/// cgroup, too. Sub-chains of a filter are gone to, so that what they accept leaves their caller as well; where a rule
/// of theirs says `return`, it goes to the rest of the caller, which is a chain of its own then.
#pragma once

#include "drivers/xtables/ruleset.h"
#include "engine/base/diagnostics.h"
#include "engine/program/program.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace nwgate::xtables {

/// A cgroup that is there.
struct CgroupPlace {
  /// From the root of cgroup2 on; empty with a class id.
  std::string path;
  /// The number that the kernel knows it by, or the class id.
  std::uint64_t id = 0;

  [[nodiscard]] bool by_classid() const { return path.empty(); }
};

/// The owner that chains and links of a cgroup are marked with, in the place of a port: `cgroup:4242`,
/// `cgroup:0x100001`. No port can be called so.
std::string cgroup_owner(bool by_classid, std::uint64_t id);
bool is_cgroup_owner(std::string_view owner);

/// `CO-4242` or `CI-4242`.
std::string cgroup_chain(const CgroupPlace &place, Direction direction);

/// Whether a chain of `filter` has the name of a cgroup's, or a chain or rule is marked as a cgroup's.
bool is_of_cgroups(std::string_view chain, std::span<const std::uint8_t> user_data);

/// The rules of the cgroup, with its owner for a port. What iptables and ip6tables cannot say is reported, and nothing
/// returned. The program suits cgroups: it has nothing of MAC addresses, tags, ARP or STP. By class ids the kernel
/// finds only what sockets send, so that there is nothing of the direction `in`.
std::optional<PortRuleset> lay_out_cgroup(const ClosedProgram &program, const CgroupPlace &place,
                                          Diagnostics &diagnostics);

} // namespace nwgate::xtables
