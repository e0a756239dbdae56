// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/bpf/headers.h"

#include "drivers/bpf/extension_headers.h"
#include "drivers/bpf/packet_bytes.h"

#include <algorithm>
#include <arpa/inet.h>

namespace nwgate::bpf {
namespace {

constexpr int ipv4_header = 20;
constexpr int ipv6_header = 40;
/// What a length of 16 bits can tell.
constexpr std::int32_t longest = 0xffff;

bool is_behind_ip_header(Field field) {
  return field == Field::th_sport || field == Field::th_dport || field == Field::tcp_flags ||
         field == Field::icmp_type || field == Field::icmp6_type;
}

void copy_ip_header(Assembler &out, int size, Label drop) {
  out.move(scratch, 0);
  out.move(Reg::r4, size);
  copy_from_packet(out, ip_header, drop);
  out.load(Size::u8, Reg::r1, frame, ip_header);
  out.alu(Alu::right, Reg::r1, 4);
  out.jump_if(Compare::not_equal, Reg::r1, size == ipv4_header ? 4 : 6, drop);
}

/// r8 has the length that the header tells; a packet that the kernel has not cut yet tells none.
void check_length(Assembler &out, Reg told, std::int32_t longest_whole, Label drop) {
  const auto is_told = out.label();
  out.jump_if(Compare::not_equal, told, 0, is_told);
  out.jump_if(Compare::not_greater, whole_length, longest_whole, is_told);
  out.move(packet_length, whole_length);
  out.bind(is_told);
  out.jump_if(Compare::greater, packet_length, whole_length, drop);
}

/// Of IPv4; `scratch` is the length of the header.
void read_transport(Assembler &out, Direction direction, const Needs &needs, Label drop) {
  const auto ip = slots_of(IpVersion::v4, Layer::ipv4);
  const auto ethernet = slots_of(IpVersion::v4, Layer::ethernet);
  const bool has_padding = direction == Direction::out && needs.ethernet;
  const auto end = has_padding ? whole_length : packet_length;
  clear_transport(out, ip);
  clear_transport(out, ethernet);
  const auto later = out.label();
  const auto done = out.label();
  out.load(Size::u16, Reg::r1, frame, ip_header + 6);
  out.alu32(Alu::bit_and, Reg::r1, htons(0x1fff));
  out.jump_if(Compare::not_equal, Reg::r1, 0, later);
  if (needs.ethernet)
    store_available(out, ethernet, end);
  if (needs.ip)
    store_available(out, ip, packet_length);
  copy_transport(out, ip, end, drop);
  out.jump(done);
  out.bind(later);
  out.store(Size::u8, frame, ip.is_later_fragment, 1);
  out.bind(done);
  if (needs.ethernet)
    store_ports(out, IpVersion::v4, Layer::ethernet);
  if (needs.ip)
    store_ports(out, IpVersion::v4, Layer::ipv4);
}

void read_ipv4(Assembler &out, Direction direction, const Needs &needs, Label drop) {
  copy_ip_header(out, ipv4_header, drop);
  out.load(Size::u8, scratch, frame, ip_header);
  out.alu(Alu::bit_and, scratch, 0xf);
  out.alu(Alu::left, scratch, 2);
  out.jump_if(Compare::less, scratch, ipv4_header, drop);
  out.load(Size::u16, packet_length, frame, ip_header + 2);
  out.from_network(packet_length, 16);
  check_length(out, packet_length, longest, drop);
  out.jump_if(Compare::less, packet_length, scratch, drop);
  if (needs.ip || needs.ethernet)
    read_transport(out, direction, needs, drop);
}

void read_ipv6(Assembler &out, Direction direction, const Needs &needs, Label drop) {
  copy_ip_header(out, ipv6_header, drop);
  out.load(Size::u16, Reg::r1, frame, ip_header + 4);
  out.from_network(Reg::r1, 16);
  out.move(packet_length, Reg::r1);
  out.alu(Alu::add, packet_length, ipv6_header);
  check_length(out, Reg::r1, longest + ipv6_header, drop);
  if (needs.ethernet)
    walk_extension_headers(out, Layer::ethernet, direction == Direction::out ? whole_length : packet_length, drop);
  if (needs.ip)
    walk_extension_headers(out, Layer::ipv6, packet_length, drop);
}

} // namespace

Needs needs_of(const Program &program, Direction direction, IpVersion version) {
  const auto ip_layer = version == IpVersion::v4 ? Layer::ipv4 : Layer::ipv6;
  Needs needs;
  for (const auto &chain : program.chains) {
    if (chain.direction != direction || (chain.layer != Layer::ethernet && chain.layer != ip_layer))
      continue;
    const bool looks = std::ranges::any_of(chain.rules, [version](const ProgramRule &rule) {
      return std::ranges::any_of(rule.matches, [version](const Match &match) {
        return is_behind_ip_header(match.field) || (version == IpVersion::v6 && match.field == Field::ip6_protocol);
      });
    });
    (chain.layer == Layer::ethernet ? needs.ethernet : needs.ip) |= looks;
  }
  return needs;
}

void read_headers(Assembler &out, IpVersion version, Direction direction, const Needs &needs, Label drop) {
  if (version == IpVersion::v4)
    read_ipv4(out, direction, needs, drop);
  else
    read_ipv6(out, direction, needs, drop);
}

} // namespace nwgate::bpf
