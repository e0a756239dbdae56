// SPDX-License-Identifier: LGPL-2.1-or-later
/// Code that asks whether a match holds.
#pragma once

#include "drivers/bpf/interval_set.h"
#include "drivers/bpf/packet_slots.h"

#include "engine/program/program.h"

#include <optional>
#include <vector>

namespace nwgate::bpf {

/// Where a rule stands: the rules of the ethernet layer are written once for each version.
struct Place {
  IpVersion version{};
  Layer layer{};
};

/// What is known about a match without a look at the packet: a type of ether.type, a field of another IP version.
/// Nothing if the packet decides.
std::optional<bool> known_answer(const Match &match, const Place &place);

/// The matches of one rule, in their order; they go to `fails` where one does not hold, and to `drop` where one cannot
/// read the packet. None has a known answer.
class MatchWriter {
public:
  MatchWriter(Assembler &out, const Place &place, Label fails, Label drop)
      : out_(out), place_(place), fails_(fails), drop_(drop) {}

  /// Matches that others have written before hold.
  void assume(const Match &match);

  void write(const Match &match);
  /// One of the field's numbers: an IPv4 address counts as its number. merged().
  void write_any_of(Field field, const std::vector<Interval> &numbers);
  /// An address that a map of prefixes knows.
  void write_lookup(Field field, std::size_t map);

private:
  void load_value(Field field);
  void load_port(Field field, bool must_be_there);
  void load_icmp();
  void require_available(int count);
  void require_between(Reg value, std::uint32_t first, std::uint32_t last, Label differs);
  void compare(const Match &match, Label differs);
  void compare_ipv4(const Match &match, Label differs);
  void compare_ipv6(const Match &match, Label differs);

  Assembler &out_;
  Place place_;
  Label fails_;
  Label drop_;
  /// That the matches before have asked for.
  std::optional<std::uint32_t> protocol_;
};

/// The place of the address in the IP header.
int address_offset(Field field);

} // namespace nwgate::bpf
