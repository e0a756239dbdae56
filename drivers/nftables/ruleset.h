// SPDX-License-Identifier: LGPL-2.1-or-later
/// What nwgate's tables hold, as a value: what should be there, and the form in which what is there is compared with
/// it.
#pragma once

#include "drivers/netlink/expression_list.h"
#include "drivers/netlink/sets.h"
#include "drivers/netlink/transaction.h"

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nwgate {
struct Origin;
}

namespace nwgate::nftables {

/// All tables of the layout have this name.
inline constexpr const char *table_name = "nwgate";

/// The families that have a table for ports; cgroups have one in inet.
inline constexpr std::array all_families = {netlink::Family::bridge, netlink::Family::netdev, netlink::Family::ip,
                                            netlink::Family::ip6};
/// `bridge nwgate`, `netdev nwgate`, `ip nwgate`, `ip6 nwgate`.
std::string table_text(netlink::Family family);

/// How packets find their port's program.
enum class Dispatch : std::uint8_t {
  /// A rule for the program, and its ports in a set: the fastest, and binding costs the same on a full host; but a
  /// packet
  /// passes the rules of other programs.
  set = 1,
  /// An element of a verdict map for each port: flat in programs, but each commit that adds one makes the kernel
  /// validate
  /// what all elements lead to.
  verdict_map = 2,
};

/// Whose a thing is. All programs share what has no name.
struct ProgramId {
  std::string name;
  Dispatch dispatch{};
  bool operator==(const ProgramId &) const = default;
};

struct LaidRule {
  netlink::RuleContent content;
  /// canonical_form() of the expressions.
  std::string form;
  /// Null for what no document holds.
  std::shared_ptr<const Origin> origin;
};

struct LaidChain {
  std::optional<netlink::BaseChain> base;
  /// Whose it is; nothing if all programs share it.
  std::optional<ProgramId> program;
  /// The one port that it is for; empty for a chain that ports share.
  std::string port;
  std::vector<LaidRule> rules;
};

struct LaidSet {
  netlink::SetSpec spec;
  /// Whose it is; nothing if all programs share it.
  std::optional<ProgramId> program;
  /// Of sets and plain maps; sorted by seal().
  netlink::Elements elements;
  std::vector<netlink::VerdictElement> verdicts;
};

struct LaidTable {
  std::map<std::string, LaidChain> chains;
  std::map<std::string, LaidSet> sets;
};

struct Ruleset {
  std::map<netlink::Family, LaidTable> tables;

  /// Sorts elements, and takes out repeated ones.
  void seal();
};

/// Sorts records of `size` bytes, and takes out repeated ones.
void sort_records(netlink::Elements &records, std::size_t size);

/// User data of a set of ours: nft(8) has to know as well that names and marks are in the host's byte order.
/// `verdicts`: it is a map of these.
std::vector<std::uint8_t> set_mark(const std::optional<ProgramId> &program, bool verdicts);
/// User data of a table, chain or set of ours.
std::vector<std::uint8_t> program_mark(const std::optional<ProgramId> &program, const std::string &port = {});
/// What program_mark() was given; nothing if the thing is not ours, and an empty name if it belongs to no program.
std::optional<ProgramId> read_program_mark(netlink::Bytes user_data);
/// The port that program_mark() was given; empty without one.
std::string read_port_mark(netlink::Bytes user_data);

} // namespace nwgate::nftables
