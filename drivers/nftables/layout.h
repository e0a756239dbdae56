// SPDX-License-Identifier: LGPL-2.1-or-later
/// Lays programs and ports out in tables of nwgate's own: rules once a program, ports as data.
///
///     table bridge nwgate                                    table ip nwgate, table ip6 nwgate
///       prerouting -300:  name -> mark                         prerouting 0: mark -> program NAME/out
///                         name -> program NAME/out             forward 0:    mark -> program NAME/in
///       forward -10:      type of the frame, name -> mark
///       postrouting 300:  name -> program NAME/in
///       [prerouting -150: name -> program NAME/out.ipv4]
///       [forward -10:     name -> program NAME/in.ipv4]
///
/// The IP layers see bridged packets by br_netfilter, between the hooks of the bridge: ip prerouting before bridge
/// forward, ip forward behind its priority -10. A port is a number in bits of the packet's mark there, which are
/// cleared behind it. Where the bridge family tracks connections itself, programs that need nothing else have their IP
/// layers there, in brackets above. docs/decisions/0005 tells why.
#pragma once

#include "drivers/nftables/lower.h"
#include "drivers/nftables/ruleset.h"
#include "drivers/nftables/shared_program.h"
#include "engine/base/diagnostics.h"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace nwgate::nftables {

struct Options {
  /// The bits of a packet's mark that are ours; they are next to one another.
  std::uint32_t mark_mask = 0x0ffff000;
};

/// Highest number of a port whose program has an IP layer.
std::uint32_t most_marks(const Options &options);
/// The bits of a port's number, from 1 on.
std::uint32_t mark_of(std::uint32_t number, const Options &options);

/// Whether the program has rules of an IP layer.
bool has_ip_layer(const SharedProgram &program);
/// The families that need the program for a port that is attached so.
std::set<netlink::Family> families_of(const SharedProgram &program, Attachment attachment);

/// Whether the bridge family can have the program's IP layers, if it tracks connections: no IP set, no rejection, no
/// count of connections, and no match that only the xtables tools have.
bool fits_bridge_conntrack(const SharedProgram &program);

/// A program that packets are led to.
struct Dispatched {
  ProgramId id;
  /// That have the program.
  std::set<netlink::Family> families;
  /// The bridge family has its IP layers.
  bool ip_in_bridge = false;
};

/// What all programs share, and the ways to these, which are in the order of their names. `any_routed`: a port of them
/// is routed and has an IP layer.
void lay_out_base(const std::vector<Dispatched> &programs, bool any_routed, const Options &options, Ruleset &out);

/// Chains and sets of a program, without elements of ports; with the values of one for cgroups. Rules that cannot be
/// expressed are reported, all of them; false then.
bool lay_out_program(const SharedProgram &program, const Dispatched &place, const Options &options,
                     const xtables::SetIndex &sets, Ruleset &out, Diagnostics &diagnostics);

/// What is known of a port beside its program.
struct PortPlace {
  ProgramId program;
  /// Bits of a mark; 0 for a program without IP layers.
  std::uint32_t mark = 0;
  /// Of the device, if there is one now.
  std::optional<std::uint32_t> device;
};

/// The port's elements, in sets that are laid out already.
void lay_out_port(const PortProgram &port, const PortPlace &place, const Options &options, Ruleset &out);

/// The name of a set of a program, and of a chain.
std::string set_name(const std::string &program, const Lookup &lookup);
std::string chain_name(const std::string &program, Direction direction, const std::string &chain);
/// Of an IP layer in the bridge family.
std::string ip_chain_name(const std::string &program, Direction direction, Layer layer);
/// The set of a program's ports: of the bridge's names, which are counted by direction, and of marks.
std::string ports_set(const std::string &program, Direction direction);
std::string marks_set(const std::string &program);

/// A key's bytes for a port: its name, or its mark.
std::vector<std::uint8_t> name_key(const std::string &port);
std::vector<std::uint8_t> number_key(std::uint32_t number);

/// Shared maps and sets.
namespace shared {
inline constexpr const char *out_others = "out-others"; // name, or mark -> chain, of programs without a rule
inline constexpr const char *in_others = "in-others";
inline constexpr const char *out_ip_others = "out-ip-others"; // type of the frame, name -> chain of an IP layer
inline constexpr const char *in_ip_others = "in-ip-others";
inline constexpr const char *out_marks = "out-marks";     // name -> mark
inline constexpr const char *in_marks = "in-marks";       // type of the frame, name -> mark
inline constexpr const char *out_dropped = "out-dropped"; // counts what is dropped, by port
inline constexpr const char *in_dropped = "in-dropped";
inline constexpr const char *in_ip_dropped =
    "in-ip-dropped";                                    // by an IP layer in the bridge family, apart from the rest
inline constexpr const char *devices = "known-devices"; // index -> name, of those that ports were when they were bound
/// The ports whose mark has the bit, counted from the lowest of ours.
std::string mark_bit(unsigned bit);
} // namespace shared

} // namespace nwgate::nftables
