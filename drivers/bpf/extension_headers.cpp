// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/bpf/extension_headers.h"

#include "drivers/bpf/headers.h"
#include "drivers/bpf/packet_bytes.h"

#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>

namespace nwgate::bpf {
namespace {

constexpr int ipv6_header = 40;
constexpr std::array<std::int32_t, 5> extensions = {IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_FRAGMENT, IPPROTO_AH,
                                                    IPPROTO_DSTOPTS};

/// `scratch` is where the walk has come to, the slot of the protocol says what is there.
class Walk {
public:
  Walk(Assembler &out, Layer layer, Reg end, Label drop)
      : out_(out), is_ethernet_(layer == Layer::ethernet), slots_(slots_of(IpVersion::v6, layer)), end_(end),
        drop_(drop), found_(out.label()), broken_(out.label()), done_(out.label()) {}

  void write() {
    clear_transport(out_, slots_);
    out_.load(Size::u8, Reg::r1, frame, ip_header + 6);
    out_.store(Size::u8, frame, slots_.protocol, Reg::r1);
    out_.move(scratch, ipv6_header);
    for (int i = 0; i < most_extension_headers; ++i)
      pass_header();
    for (const auto extension : extensions)
      out_.jump_if(Compare::equal, Reg::r1, extension, drop_);
    if (is_ethernet_)
      out_.jump_if(Compare::equal, Reg::r1, IPPROTO_NONE, broken_);
    out_.bind(found_);
    out_.store(Size::u8, frame, slots_.has_protocol, 1);
    store_available(out_, slots_, end_);
    copy_transport(out_, slots_, end_, drop_);
    out_.jump(done_);
    out_.bind(broken_);
    out_.store(Size::u8, frame, slots_.protocol, IPPROTO_NONE);
    out_.bind(done_);
    store_ports(out_, IpVersion::v6, is_ethernet_ ? Layer::ethernet : Layer::ipv6);
  }

private:
  /// r1 is the protocol of what is at `scratch`, before and after.
  void pass_header() {
    const auto pass = out_.label();
    const auto needs_four = out_.label();
    const auto copy = out_.label();
    out_.jump_if(Compare::equal, Reg::r1, IPPROTO_HOPOPTS, pass);
    out_.jump_if(Compare::equal, Reg::r1, IPPROTO_DSTOPTS, pass);
    out_.jump_if(Compare::equal, Reg::r1, IPPROTO_ROUTING, is_ethernet_ ? pass : needs_four);
    out_.jump_if(Compare::equal, Reg::r1, IPPROTO_FRAGMENT, needs_four);
    if (is_ethernet_)
      out_.jump_if(Compare::equal, Reg::r1, IPPROTO_NONE, broken_);
    out_.jump_if(Compare::not_equal, Reg::r1, IPPROTO_AH, found_);
    out_.bind(pass);
    require_bytes(2);
    out_.jump(copy);
    out_.bind(needs_four);
    require_bytes(4);
    out_.bind(copy);
    if (!is_ethernet_)
      out_.jump_if(Compare::equal, Reg::r1, IPPROTO_AH, found_);
    out_.store(Size::u32, frame, small_buffer, 0);
    copy_up_to(out_, small_buffer, 4, end_, broken_, drop_);
    add_length();
    out_.load(Size::u8, Reg::r1, frame, small_buffer);
    out_.store(Size::u8, frame, slots_.protocol, Reg::r1);
  }

  void require_bytes(std::int32_t count) {
    out_.move(Reg::r2, scratch);
    out_.alu(Alu::add, Reg::r2, count);
    out_.jump_if(Compare::greater, Reg::r2, end_, broken_);
  }

  /// Of the header whose first bytes are in the buffer.
  void add_length() {
    const auto in_eights = out_.label();
    const auto known = out_.label();
    const auto fragment = out_.label();
    out_.load(Size::u8, Reg::r1, frame, slots_.protocol);
    out_.load(Size::u8, Reg::r2, frame, small_buffer + 1);
    out_.jump_if(Compare::equal, Reg::r1, IPPROTO_FRAGMENT, fragment);
    if (is_ethernet_) {
      out_.jump_if(Compare::not_equal, Reg::r1, IPPROTO_AH, in_eights);
      out_.alu(Alu::add, Reg::r2, 2);
      out_.alu(Alu::left, Reg::r2, 2);
      out_.jump(known);
    }
    out_.bind(in_eights);
    out_.alu(Alu::add, Reg::r2, 1);
    out_.alu(Alu::left, Reg::r2, 3);
    out_.jump(known);
    out_.bind(fragment);
    take_fragment();
    out_.move(Reg::r2, 8);
    out_.bind(known);
    out_.alu(Alu::add, scratch, Reg::r2);
  }

  /// A later fragment ends the walk.
  void take_fragment() {
    const auto first = out_.label();
    out_.load(Size::u16, Reg::r1, frame, small_buffer + 2);
    out_.alu32(Alu::bit_and, Reg::r1, htons(0xfff8));
    out_.jump_if(Compare::equal, Reg::r1, 0, first);
    if (is_ethernet_) {
      out_.jump(found_);
    } else {
      out_.load(Size::u8, Reg::r1, frame, small_buffer);
      for (const auto extension : extensions)
        out_.jump_if(Compare::equal, Reg::r1, extension, broken_);
      out_.store(Size::u8, frame, slots_.protocol, Reg::r1);
      out_.store(Size::u8, frame, slots_.has_protocol, 1);
      out_.store(Size::u8, frame, slots_.is_later_fragment, 1);
      out_.jump(done_);
    }
    out_.bind(first);
  }

  Assembler &out_;
  bool is_ethernet_;
  TransportSlots slots_;
  Reg end_;
  Label drop_;
  Label found_, broken_, done_;
};

} // namespace

void walk_extension_headers(Assembler &out, Layer layer, Reg end, Label drop) { Walk(out, layer, end, drop).write(); }

} // namespace nwgate::bpf
