// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/bpf/cgroup_program.h"

#include "drivers/bpf/headers.h"

#include <arpa/inet.h>
#include <cstddef>
#include <linux/if_ether.h>

namespace nwgate::bpf {
namespace {

/// Counts the packet at the index, or at the one behind it if it is dropped, and ends.
void write_end(Assembler &out, std::uint32_t index, std::size_t counters, Label accept, Label drop) {
  const auto count = out.label();
  const auto end = out.label();
  out.bind(accept);
  out.move(scratch, 1);
  out.store(Size::u32, frame, small_buffer, static_cast<std::int32_t>(index));
  out.jump(count);
  out.bind(drop);
  out.move(scratch, 0);
  out.store(Size::u32, frame, small_buffer, static_cast<std::int32_t>(index + 1));
  out.bind(count);
  out.load_map(Reg::r1, counters);
  out.move(Reg::r2, frame);
  out.alu(Alu::add, Reg::r2, small_buffer);
  out.call(Helper::map_lookup_elem);
  out.jump_if(Compare::equal, Reg::r0, 0, end);
  out.move(Reg::r1, 1);
  out.atomic_add(Reg::r0, 0, Reg::r1);
  out.atomic_add(Reg::r0, 8, whole_length);
  out.bind(end);
  out.move(Reg::r0, scratch);
  out.exit();
}

} // namespace

std::variant<CgroupProgram, std::vector<Refusal>> compile(const ClosedProgram &closed, Direction direction,
                                                          const CompileLimits &limits) {
  const auto &program = closed.program;
  if (auto refusals = refusals_of(program, direction); !refusals.empty())
    return refusals;
  CgroupProgram result{direction, {}, {}};
  Assembler out;
  const auto accept = out.label();
  const auto drop = out.label();
  const auto v6 = out.label();
  out.move(context, Reg::r1);
  out.load(Size::u32, whole_length, context, offsetof(__sk_buff, len));
  out.load(Size::u32, Reg::r1, context, offsetof(__sk_buff, protocol));
  out.jump_if(Compare::equal, Reg::r1, htons(ETH_P_IPV6), v6);
  out.jump_if(Compare::not_equal, Reg::r1, htons(ETH_P_IP), drop);
  for (const auto version : {IpVersion::v4, IpVersion::v6}) {
    if (version == IpVersion::v6)
      out.bind(v6);
    const auto ip_layer = out.label();
    ChainWriter chains(out, program, limits, result.maps);
    read_headers(out, version, direction, needs_of(program, direction, version), drop);
    chains.write({version, Layer::ethernet}, direction, ip_layer, drop);
    out.bind(ip_layer);
    chains.write({version, version == IpVersion::v4 ? Layer::ipv4 : Layer::ipv6}, direction, accept, drop);
    out.jump(accept);
    if (chains.too_long_at() != nullptr)
      return std::vector{Refusal{"the program is too long for the kernel", chains.too_long_at()->origin}};
  }
  const bool is_out = direction == Direction::out;
  write_end(out, is_out ? CounterIndex::out_accepted : CounterIndex::in_accepted, result.maps.size(), accept, drop);
  result.code = out.take();
  return result;
}

} // namespace nwgate::bpf
