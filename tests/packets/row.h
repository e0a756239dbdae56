// SPDX-License-Identifier: LGPL-2.1-or-later
/// The tables: what an element with these attributes matches.
#pragma once

#include "frame.h"
#include "wire.h"

#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace nwgate::packets {

/// What becomes of a frame at an element, and at the same element with match='no'.
struct Expected {
  bool plain;
  bool negated;
};

constexpr Expected matched{true, false};
constexpr Expected unmatched{false, true};
/// The element's protocol is another, or the frame lacks the field, or one of several attributes fits.
constexpr Expected never{false, false};
/// What is looked at cannot be negated, or is no match at all.
constexpr Expected always{true, true};

struct Probe {
  Expected expected;
  Frame frame;
};

/// A frame that is sent before the rules are there, to begin a connection.
struct Prelude {
  /// By the one who sends the probes, or by the other side.
  bool by_sender;
  Frame frame;
};

struct Row {
  /// The element's attributes, as written in XML, without `match`.
  std::string attributes;
  std::vector<Probe> probes;
  /// Attributes of an element in front of it that is never negated.
  std::string base = {};
  std::vector<Prelude> prelude = {};
  /// Whether the rule is tried with direction inout as well, mirrored for what the workload sends.
  bool inout = true;
  /// The rule drops what it matches; it is written as such since its match depends on what passed before.
  bool counts_connections = false;
  /// match='no' has no words in the kernel, and is refused.
  bool negation_is_refused = false;
};

struct Table {
  std::string element;
  std::vector<Row> rows;
};

/// How the test's parameter is called. NOLINTNEXTLINE(readability-identifier-naming): googletest's name
inline void PrintTo(const Table &table, std::ostream *out) { *out << table.element; }

std::vector<Table> mac_tables();
std::vector<Table> stp_tables();
std::vector<Table> arp_tables();
std::vector<Table> ip_tables();
std::vector<Table> ipv6_tables();
/// All protocols of the ip layer, of IPv4 or of IPv6.
std::vector<Table> ip_layer_tables(std::uint8_t version);

/// All of them.
std::vector<Table> all_tables();

} // namespace nwgate::packets
