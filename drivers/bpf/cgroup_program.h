// SPDX-License-Identifier: LGPL-2.1-or-later
/// A closed program as code for the hooks of a cgroup (BPF_PROG_TYPE_CGROUP_SKB), where packets begin with the header
/// of IP.
///
/// A packet passes if the chains of the ethernet layer accept it and those of its IP version's layer. Every match
/// means what engine/explain says, of odd packets, too. Besides:
/// - what is neither IPv4 nor IPv6, or has a header that is cut off or tells a wrong length, is dropped;
/// - of extension headers of IPv6 there may be most_extension_headers in front of what the rules look at;
/// - there are no fragments here but those that a process writes itself (IP_HDRINCL): the kernel puts them together
///   before this hook, and cuts packets behind it.
#pragma once

#include "drivers/bpf/chains.h"
#include "drivers/bpf/refusals.h"

#include <linux/bpf.h>
#include <variant>
#include <vector>

namespace nwgate::bpf {

/// The counters of both directions are one map: BPF_MAP_TYPE_PERCPU_ARRAY of four pairs of 64-bit numbers, packets and
/// bytes (with the header of IP, without that of the link).
struct CounterIndex {
  static constexpr std::uint32_t out_accepted = 0;
  static constexpr std::uint32_t out_dropped = 1;
  static constexpr std::uint32_t in_accepted = 2;
  static constexpr std::uint32_t in_dropped = 3;
  static constexpr std::uint32_t count = 4;
  /// In bytes, on one processor.
  static constexpr std::uint32_t value_size = 16;
};

struct CgroupProgram {
  Direction direction{};
  /// References to maps are indexes: those of `maps`, and behind them the map of the counters.
  std::vector<bpf_insn> code;
  /// In the order in which the code refers to them first.
  std::vector<PrefixMap> maps;
};

/// All that is in the way, if anything is.
std::variant<CgroupProgram, std::vector<Refusal>> compile(const ClosedProgram &program, Direction direction,
                                                          const CompileLimits &limits = {});

} // namespace nwgate::bpf
