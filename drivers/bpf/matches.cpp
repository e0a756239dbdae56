// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/bpf/matches.h"

#include "drivers/bpf/operands.h"

#include <arpa/inet.h>
#include <cstring>
#include <endian.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <span>

namespace nwgate::bpf {
namespace {

/// ipt_icmp.h of the kernel: the type that stands for all.
constexpr std::uint32_t any_icmp_type = 255;
constexpr std::uint32_t last_port = 0xffff;
/// So many intervals are compared with one by one.
constexpr std::size_t shortest_tree = 4;

/// As a load of the processor has it.
template <typename Number> Number loaded(const std::uint8_t *bytes) {
  Number value = 0;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

/// r1 is in one of the intervals, or the code goes to `out_of_them`.
void search(Assembler &out, std::span<const Interval> intervals, Label found, Label out_of_them) {
  if (intervals.size() > shortest_tree) {
    const auto middle = intervals.size() / 2;
    const auto upper = out.label();
    out.jump_if32(Compare::greater, Reg::r1, intervals[middle - 1].last, upper);
    search(out, intervals.first(middle), found, out_of_them);
    out.bind(upper);
    search(out, intervals.subspan(middle), found, out_of_them);
    return;
  }
  for (const auto &[first, last] : intervals) {
    if (first == last) {
      out.jump_if32(Compare::equal, Reg::r1, first, found);
      continue;
    }
    if (first != 0)
      out.jump_if32(Compare::less, Reg::r1, first, out_of_them);
    out.jump_if32(Compare::not_greater, Reg::r1, last, found);
  }
  out.jump(out_of_them);
}

bool is_ipv6_address(Field field) { return field == Field::ip6_saddr || field == Field::ip6_daddr; }
bool is_port(Field field) { return field == Field::th_sport || field == Field::th_dport; }
bool is_ipv4_address(Field field) { return field == Field::ip_saddr || field == Field::ip_daddr; }

} // namespace

int address_offset(Field field) {
  switch (field) {
  case Field::ip_saddr:
    return 12;
  case Field::ip_daddr:
    return 16;
  case Field::ip6_saddr:
    return 8;
  default:
    return 24;
  }
}

std::optional<bool> known_answer(const Match &match, const Place &place) {
  if (place.layer != Layer::ethernet)
    return std::nullopt;
  const bool is_v4 = place.version == IpVersion::v4;
  switch (match.field) {
  case Field::ether_type: {
    const std::uint32_t type = is_v4 ? ETH_P_IP : ETH_P_IPV6;
    return (match.form == Form::range ? number(match, 0) <= type && type <= number(match, 1)
                                      : number(match, 0) == type) != match.negated;
  }
  case Field::ip_saddr:
  case Field::ip_daddr:
  case Field::ip_protocol:
  case Field::ip_dscp:
    return is_v4 ? std::nullopt : std::optional(false);
  case Field::ip6_saddr:
  case Field::ip6_daddr:
  case Field::ip6_protocol:
  case Field::icmp6_type:
    return is_v4 ? std::optional(false) : std::nullopt;
  default:
    return std::nullopt;
  }
}

void MatchWriter::require_available(int count) {
  out_.load(Size::u8, Reg::r2, frame, slots_of(place_.version, place_.layer).available);
  out_.jump_if(Compare::less, Reg::r2, count, fails_);
}

/// The port number in r1; it may be no_port unless `must_be_there`.
void MatchWriter::load_port(Field field, bool must_be_there) {
  const auto slots = slots_of(place_.version, place_.layer);
  out_.load(Size::u32, Reg::r1, frame, field == Field::th_sport ? slots.source_port : slots.destination_port);
  if (place_.layer != Layer::ethernet && protocol_.value_or(IPPROTO_SCTP) == IPPROTO_SCTP)
    out_.jump_if32(Compare::equal, Reg::r1, unreadable_port, drop_);
  if (must_be_there)
    out_.jump_if32(Compare::greater, Reg::r1, last_port, fails_);
}

/// The type in r1, the code in r2.
void MatchWriter::load_icmp() {
  constexpr int icmp_header = 8;
  const auto slots = slots_of(place_.version, place_.layer);
  if (place_.layer == Layer::ethernet) {
    require_available(4);
  } else {
    out_.load(Size::u8, Reg::r1, frame, slots.is_later_fragment);
    out_.jump_if(Compare::not_equal, Reg::r1, 0, fails_);
    out_.load(Size::u8, Reg::r1, frame, slots.available);
    out_.jump_if(Compare::less, Reg::r1, icmp_header, drop_);
  }
  out_.load(Size::u8, Reg::r1, frame, slots.bytes);
  out_.load(Size::u8, Reg::r2, frame, slots.bytes + 1);
}

/// The field's number in r1, or what is special about the field; goes to `fails_` where the packet has none.
void MatchWriter::load_value(Field field) {
  const auto slots = slots_of(place_.version, place_.layer);
  switch (field) {
  case Field::ip_saddr:
  case Field::ip_daddr:
    out_.load(Size::u32, Reg::r1, frame, ip_header + address_offset(field));
    break;
  case Field::ip_protocol:
    out_.load(Size::u8, Reg::r1, frame, ip_header + 9);
    break;
  case Field::ip_dscp:
    out_.load(Size::u8, Reg::r1, frame, ip_header + 1);
    out_.alu(Alu::right, Reg::r1, 2);
    break;
  case Field::ip6_protocol:
    out_.load(Size::u8, Reg::r1, frame, slots.has_protocol);
    out_.jump_if(Compare::equal, Reg::r1, 0, fails_);
    out_.load(Size::u8, Reg::r1, frame, slots.protocol);
    break;
  case Field::ip6_dscp:
    out_.load(Size::u16, Reg::r1, frame, ip_header);
    out_.from_network(Reg::r1, 16);
    out_.alu(Alu::right, Reg::r1, 6);
    out_.alu(Alu::bit_and, Reg::r1, 0x3f);
    break;
  case Field::tcp_flags:
    require_available(transport_bytes);
    out_.load(Size::u8, Reg::r1, frame, slots.bytes + 13);
    break;
  case Field::icmp_type:
  case Field::icmp6_type:
    load_icmp();
    break;
  default: // IPv6 addresses do not fit
    break;
  }
}

/// With one jump: what is less than the first becomes large. Spoils the value.
void MatchWriter::require_between(Reg value, std::uint32_t first, std::uint32_t last, Label differs) {
  if (last < first)
    return out_.jump(differs);
  if (first != 0)
    out_.alu32(Alu::subtract, value, first);
  out_.jump_if32(Compare::greater, value, last - first, differs);
}

void MatchWriter::compare_ipv4(const Match &match, Label differs) {
  const auto raw = [&](std::size_t index) { return loaded<std::uint32_t>(ipv4(match, index).bytes.data()); };
  if (match.form == Form::range) {
    out_.from_network(Reg::r1, 32);
    return require_between(Reg::r1, ntohl(raw(0)), ntohl(raw(1)), differs);
  }
  auto wanted = raw(0);
  if (match.form == Form::masked) {
    const auto mask = loaded<std::uint32_t>(Ipv4Address::mask(number(match, 1)).bytes.data());
    wanted &= mask;
    if (mask != ~std::uint32_t{0})
      out_.alu32(Alu::bit_and, Reg::r1, mask);
  }
  out_.jump_if32(Compare::not_equal, Reg::r1, wanted, differs);
}

void MatchWriter::compare_ipv6(const Match &match, Label differs) {
  const int at = ip_header + address_offset(match.field);
  const auto half = [](const Ipv6Address &address, std::size_t which) {
    return loaded<std::uint64_t>(address.bytes.data() + 8 * which);
  };
  if (match.form != Form::range) {
    const auto mask = Ipv6Address::mask(match.form == Form::masked ? number(match, 1) : 128);
    for (const std::size_t which : {0U, 1U}) {
      const auto bits = half(mask, which);
      if (bits == 0)
        continue;
      out_.load(Size::u64, Reg::r1, frame, at + 8 * static_cast<int>(which));
      if (bits != ~std::uint64_t{0}) {
        out_.move64(Reg::r2, bits);
        out_.alu(Alu::bit_and, Reg::r1, Reg::r2);
      }
      out_.move64(Reg::r2, half(ipv6(match, 0), which) & bits);
      out_.jump_if(Compare::not_equal, Reg::r1, Reg::r2, differs);
    }
    return;
  }
  out_.load(Size::u64, Reg::r1, frame, at);
  out_.from_network(Reg::r1, 64);
  out_.load(Size::u64, Reg::r2, frame, at + 8);
  out_.from_network(Reg::r2, 64);
  for (const std::size_t end : {0U, 1U}) { // not below the first, not above the last
    const auto inside = out_.label();
    const auto outside = end == 0 ? Compare::less : Compare::greater;
    const auto &literal = ipv6(match, end);
    out_.move64(Reg::r3, be64toh(half(literal, 0)));
    out_.jump_if(outside, Reg::r1, Reg::r3, differs);
    out_.jump_if(Compare::not_equal, Reg::r1, Reg::r3, inside);
    out_.move64(Reg::r3, be64toh(half(literal, 1)));
    out_.jump_if(outside, Reg::r2, Reg::r3, differs);
    out_.bind(inside);
  }
}

void MatchWriter::compare(const Match &match, Label differs) {
  const auto is_between = [&](Reg value, std::size_t first) {
    require_between(value, number(match, first), number(match, first + 1), differs);
  };
  switch (match.form) {
  case Form::masked:
    out_.alu32(Alu::bit_and, Reg::r1, number(match, 1));
    [[fallthrough]];
  case Form::single:
    out_.jump_if32(Compare::not_equal, Reg::r1, number(match, 0), differs);
    break;
  case Form::range:
    is_between(Reg::r1, 0);
    break;
  case Form::pair:
    out_.jump_if32(Compare::not_equal, Reg::r1, number(match, 0), differs);
    out_.jump_if32(Compare::not_equal, Reg::r2, number(match, 1), differs);
    break;
  case Form::range_pair:
    is_between(Reg::r1, 0);
    is_between(Reg::r2, 2);
    break;
  }
}

void MatchWriter::write(const Match &match) {
  if (is_port(match.field))
    load_port(match.field, match.negated || number(match, match.form == Form::single ? 0 : 1) > last_port);
  else
    load_value(match.field);
  const bool is_any = match.field == Field::icmp_type && number(match, 0) == any_icmp_type;
  const auto holds = out_.label();
  const auto differs = match.negated ? holds : fails_;
  if (is_ipv6_address(match.field))
    compare_ipv6(match, differs);
  else if (is_ipv4_address(match.field))
    compare_ipv4(match, differs);
  else if (!is_any)
    compare(match, differs);
  if (match.negated)
    out_.jump(fails_);
  out_.bind(holds);
  assume(match);
}

void MatchWriter::assume(const Match &match) {
  const bool is_protocol = match.field == Field::ip_protocol || match.field == Field::ip6_protocol;
  if (is_protocol && !match.negated && match.form == Form::single)
    protocol_ = number(match, 0);
}

void MatchWriter::write_any_of(Field field, const std::vector<Interval> &numbers) {
  if (is_port(field))
    load_port(field, !numbers.empty() && numbers.back().last > last_port);
  else
    load_value(field);
  if (is_ipv4_address(field))
    out_.from_network(Reg::r1, 32);
  const auto found = out_.label();
  search(out_, numbers, found, fails_);
  out_.bind(found);
}

void MatchWriter::write_lookup(Field field, std::size_t map) {
  const int at = ip_header + address_offset(field);
  const int bytes = is_ipv6_address(field) ? 16 : 4;
  out_.store(Size::u32, frame, lookup_key, bytes * 8);
  // In halves: the address begins 4 bytes behind a boundary of 8.
  for (int i = 0; i < bytes; i += 4) {
    out_.load(Size::u32, Reg::r1, frame, at + i);
    out_.store(Size::u32, frame, lookup_key + 4 + i, Reg::r1);
  }
  out_.load_map(Reg::r1, map);
  out_.move(Reg::r2, frame);
  out_.alu(Alu::add, Reg::r2, lookup_key);
  out_.call(Helper::map_lookup_elem);
  out_.jump_if(Compare::equal, Reg::r0, 0, fails_);
}

} // namespace nwgate::bpf
