// SPDX-License-Identifier: LGPL-2.1-or-later
/// Frames as values: what a test says of one is what differs from the defaults.
#pragma once

#include <cstdint>
#include <netinet/in.h>
#include <string>
#include <variant>
#include <vector>

namespace nwgate::packets {

/// No device has these, so that no network stack answers by itself.
constexpr auto mac_a = "52:54:00:00:00:0a";
constexpr auto mac_b = "52:54:00:00:00:0b";

/// A frame of some type, with nothing in it that anyone understands.
struct Ether {
  std::string src_mac = mac_a;
  std::string dst_mac = mac_b;
  std::uint16_t type = 0x88b6;
};

struct Vlan {
  std::string src_mac = mac_a;
  std::string dst_mac = mac_b;
  std::uint16_t id = 100;
  /// What is behind the tag.
  std::uint16_t type = 0x88b6;
  /// 802.1Q, or 0x88a8 for 802.1ad.
  std::uint16_t tag = 0x8100;
};

/// A configuration BPDU of IEEE 802.1D, or what the kernel takes for one. The match `stp` of ebtables (ebt_stp.c) has
/// one byte for the protocol's identifier where BPDUs have two: it looks for every field one byte too early, and for
/// the type where the version is, which it wants to be 0.
struct Stp {
  std::string src_mac = mac_a;
  std::string dst_mac = "01:80:c2:00:00:00";
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::uint16_t root_priority = 0x8000;
  std::string root_address = "52:54:00:00:01:00";
  std::uint32_t root_cost = 100;
  std::uint16_t sender_priority = 0x8000;
  std::string sender_address = "52:54:00:00:02:00";
  std::uint16_t port = 0x8001;
  std::uint16_t age = 0;
  std::uint16_t max_age = 20;
  std::uint16_t hello_time = 2;
  std::uint16_t forward_delay = 15;
  /// As bridges send it, not as the kernel reads it.
  bool is_real = false;
};

struct Arp {
  std::string src_mac = mac_a;
  std::string dst_mac = mac_b;
  std::uint16_t opcode = 1;
  std::string sender_mac = mac_a;
  std::string sender_ip = "10.0.0.1";
  std::string target_mac = mac_b;
  std::string target_ip = "10.0.0.2";
  std::uint16_t hwtype = 1;
  std::uint16_t protocoltype = 0x0800;
  /// 0x8035 makes it RARP.
  std::uint16_t type = 0x0806;
};

enum TcpFlag : std::uint8_t { fin = 1, syn = 2, rst = 4, psh = 8, ack = 16, urg = 32 };

/// A packet of IPv4 or IPv6, with the header that belongs to its protocol.
struct Ip {
  std::uint8_t version = 4;
  /// Empty: 10.0.0.1 and 10.0.0.2, or fd00::1 and fd00::2.
  std::string src = {};
  std::string dst = {};
  std::string src_mac = mac_a;
  std::string dst_mac = mac_b;
  std::uint8_t protocol = IPPROTO_UDP;
  /// DSCP and ECN.
  std::uint8_t tos = 0;
  std::uint16_t sport = 1000;
  std::uint16_t dport = 2000;
  std::uint8_t flags = syn;
  std::uint32_t sequence = 1;
  std::uint32_t acknowledged = 0;
  /// Of SCTP: INIT. INIT ACK (2) confirms the sequence number that `acknowledged` tells.
  std::uint8_t chunk = 1;
  /// Kinds of TCP options.
  std::vector<std::uint8_t> options = {};
  /// Of ICMP; -1 is an echo request.
  int type = -1;
  std::uint8_t code = 0;
  /// In units of eight bytes; not 0 means that there is no header of the protocol.
  std::uint16_t fragment_offset = 0;
  /// Of IPv6, in front of the protocol's header.
  std::vector<std::uint8_t> extensions = {};
  bool bad_checksum = false;
  /// The packet that an ICMP error is about; none or one.
  std::vector<Ip> quoted = {};
};

using Frame = std::variant<Ether, Vlan, Stp, Arp, Ip>;

/// As it goes over the wire, with `marker` in it, behind all headers.
std::vector<std::uint8_t> bytes_of(const Frame &frame, const std::string &marker);

/// The frame with every source exchanged with its destination.
Frame mirrored(Frame frame);

} // namespace nwgate::packets
