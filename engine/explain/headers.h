// SPDX-License-Identifier: LGPL-2.1-or-later
/// The headers that netfilter finds in a frame.
#pragma once

#include "engine/explain/bytes.h"
#include "engine/net/layer.h"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace nwgate::explain {

/// A frame as the hooks of the bridge family see it. The kernel takes one tag off when the frame arrives
/// (net/core/skbuff.c, skb_vlan_untag), and shows it to nf_tables where it was.
struct EthernetHeader {
  MacAddress source;
  MacAddress destination;
  /// The two bytes behind the addresses: the tag's type, if there is one.
  std::uint16_t type = 0;
  struct Tag {
    /// 12 bits.
    std::uint16_t id = 0;
    /// What is behind the tag; 1 or 4 for a length, as the kernel puts it (ETH_P_802_3, ETH_P_802_2).
    std::uint16_t type = 0;
  };
  std::optional<Tag> tag;
  /// Behind the header and the tag.
  Bytes network;
  /// A tag with less behind it than the kernel wants to see: it drops the frame when it arrives.
  bool is_cut_off = false;
};

EthernetHeader ethernet_header(Bytes frame);

/// Where the chain of IPv6 extension headers ends.
struct LastHeader {
  std::uint8_t protocol = 0;
  /// From the IPv6 header on.
  std::size_t offset = 0;
  /// Behind the first fragment: there is no header of the protocol.
  bool is_later_fragment = false;
};

/// As the bridge family's match `ip6` does it (ipv6_skip_exthdr): AH is passed over, a later fragment is of protocol
/// 44. Nothing where the packet ends before the chain does.
std::optional<LastHeader> skip_extension_headers(Bytes packet);
/// As the IP families do it (ipv6_find_hdr with IP6_FH_F_AUTH): AH is where it ends.
std::optional<LastHeader> find_last_header(Bytes packet);

/// A packet as the hooks of its IP family see it.
struct IpHeader {
  Layer layer{};
  std::uint8_t dscp = 0;
  /// Nothing if the chain of IPv6 headers is broken.
  std::optional<std::uint8_t> protocol;
  bool is_later_fragment = false;
  /// The packet, without what the link layer padded.
  Bytes packet;
  /// The protocol's header and what is behind it.
  Bytes transport;
};

/// The packet that the bridge hands to the IP families (br_netfilter), nothing if it hands over none, or why the kernel
/// drops the frame before any rule of an IP layer sees it. Tagged frames are not handed over
/// (bridge-nf-filter-vlan-tagged is off by default).
std::variant<std::monostate, IpHeader, std::string> ip_header(const EthernetHeader &ethernet);

/// Which of the sender's packets a fragment is of.
struct Fragment {
  std::uint32_t id = 0;
  bool is_first = false;
};

/// Nothing for a packet in one piece.
std::optional<Fragment> fragment_of(const IpHeader &ip);

/// Connection tracking finds the header of the protocol, behind extension headers that it walks in a way of its own.
bool has_tracked_header(const IpHeader &ip);

} // namespace nwgate::explain
