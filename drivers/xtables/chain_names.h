// SPDX-License-Identifier: LGPL-2.1-or-later
/// The names that libvirt's users know the chains by.
#pragma once

#include "drivers/xtables/rule.h"
#include "engine/net/layer.h"

#include <array>
#include <string>
#include <string_view>

namespace nwgate::xtables {

/// The setting `chain-prefix`: the first word of the names that are not bound to a port by themselves.
/// `libvirt` makes a drop-in, `nwgate` lets libvirtd live beside us.
struct ChainPrefix {
  std::string text = "nwgate";
};

/// Longest prefix: iptables takes chain names of 28 bytes (XT_EXTENSION_MAXNAMELEN - 1), ebtables of 31
/// (EBT_CHAIN_MAXNAMELEN - 1), and `PREFIX-I-` stands before 15 bytes of a port.
inline constexpr std::size_t max_chain_prefix = 13;

/// The chains of `filter` that all ports share, in the order of their jumps in FORWARD; the last one is INPUT's.
struct SharedChains {
  std::string in, out, in_post, host_in;
};
SharedChains shared_chains(const ChainPrefix &prefix);

/// `libvirt-I-vnet0` (out) or `libvirt-O-vnet0` (in).
std::string bridge_root(const ChainPrefix &prefix, Direction direction, std::string_view port);
/// `I-vnet0-ipv4-ip` or `O-vnet0-ipv4-ip`.
std::string bridge_sub_chain(Direction direction, std::string_view port, std::string_view suffix);

/// The three chains of a port in `filter`.
struct PortChains {
  /// From the port, forwarded; to the port, forwarded; from the port, to the host.
  std::string from_port, to_port, to_host;
};
PortChains port_chains(std::string_view port);

} // namespace nwgate::xtables
