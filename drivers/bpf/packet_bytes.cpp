// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/bpf/packet_bytes.h"

#include <netinet/in.h>

namespace nwgate::bpf {

void copy_from_packet(Assembler &out, int to, Label drop) {
  out.move(Reg::r1, context);
  out.move(Reg::r2, scratch);
  out.move(Reg::r3, frame);
  out.alu(Alu::add, Reg::r3, to);
  out.call(Helper::skb_load_bytes);
  out.jump_if(Compare::not_equal, Reg::r0, 0, drop);
}

void copy_up_to(Assembler &out, int to, std::int32_t most, Reg end, Label none, Label drop) {
  const auto fits = out.label();
  out.jump_if(Compare::not_less, scratch, end, none);
  out.move(Reg::r4, end);
  out.alu(Alu::subtract, Reg::r4, scratch);
  out.jump_if(Compare::not_greater, Reg::r4, most, fits);
  out.move(Reg::r4, most);
  out.bind(fits);
  out.jump_if(Compare::less, Reg::r4, 1, none); // tells the kernel's verifier that it is not 0
  copy_from_packet(out, to, drop);
}

void clear_transport(Assembler &out, const TransportSlots &slots) {
  out.store(Size::u64, frame, slots.bytes, 0);
  out.store(Size::u64, frame, slots.bytes + 8, 0);
  for (const int flag : {slots.available, slots.is_later_fragment, slots.protocol, slots.has_protocol})
    out.store(Size::u8, frame, flag, 0);
}

void store_available(Assembler &out, const TransportSlots &slots, Reg end) {
  constexpr std::int32_t most = 255;
  const auto fits = out.label();
  const auto none = out.label();
  out.jump_if(Compare::not_less, scratch, end, none);
  out.move(Reg::r1, end);
  out.alu(Alu::subtract, Reg::r1, scratch);
  out.jump_if(Compare::not_greater, Reg::r1, most, fits);
  out.move(Reg::r1, most);
  out.bind(fits);
  out.store(Size::u8, frame, slots.available, Reg::r1);
  out.bind(none);
}

void copy_transport(Assembler &out, const TransportSlots &slots, Reg end, Label drop) {
  const auto none = out.label();
  copy_up_to(out, slots.bytes, transport_bytes, end, none, drop);
  out.bind(none);
}

void store_ports(Assembler &out, IpVersion version, Layer layer) {
  constexpr int both_ports = 4;
  constexpr int sctp_header = 12;
  const auto slots = slots_of(version, layer);
  const auto readable = out.label();
  const auto done = out.label();
  const auto store_one = [&](int slot, int at) {
    out.load(Size::u16, Reg::r2, frame, slots.bytes + at);
    out.from_network(Reg::r2, 16);
    out.store(Size::u32, frame, slot, Reg::r2);
  };
  for (const int slot : {slots.source_port, slots.destination_port})
    out.store(Size::u32, frame, slot, static_cast<std::int32_t>(no_port));
  out.load(Size::u8, Reg::r1, frame, slots.available);
  if (layer != Layer::ethernet) {
    out.load(Size::u8, Reg::r2, frame, slots.is_later_fragment);
    out.jump_if(Compare::not_equal, Reg::r2, 0, done);
    out.load(Size::u8, Reg::r2, frame, version == IpVersion::v4 ? ip_header + 9 : slots.protocol);
    out.jump_if(Compare::not_equal, Reg::r2, IPPROTO_SCTP, readable);
    out.jump_if(Compare::not_less, Reg::r1, sctp_header, readable);
    for (const int slot : {slots.source_port, slots.destination_port})
      out.store(Size::u32, frame, slot, static_cast<std::int32_t>(unreadable_port));
    out.jump(done);
    out.bind(readable);
    out.jump_if(Compare::less, Reg::r1, both_ports / 2, done);
    store_one(slots.source_port, 0);
  }
  out.jump_if(Compare::less, Reg::r1, both_ports, done);
  store_one(slots.destination_port, 2);
  if (layer == Layer::ethernet)
    store_one(slots.source_port, 0);
  out.bind(done);
}

} // namespace nwgate::bpf
