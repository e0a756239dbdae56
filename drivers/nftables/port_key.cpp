// SPDX-License-Identifier: LGPL-2.1-or-later
#include "drivers/nftables/port_key.h"

#include <array>
#include <bit>
#include <linux/if.h>
#include <linux/netfilter/nf_tables.h>

namespace nwgate::nftables {

PortKey cgroup_key(const CgroupPlace &place) {
  PortKey key;
  key.kind = place.by_classid ? PortKey::Kind::classid : PortKey::Kind::cgroup;
  key.level = place.level;
  return key;
}

std::uint32_t PortKey::length() const {
  switch (kind) {
  case Kind::in_name:
  case Kind::out_name:
    return IFNAMSIZ;
  case Kind::mark:
  case Kind::classid:
    return 4;
  case Kind::cgroup:
    return 8;
  case Kind::none:
    break;
  }
  return 0;
}

void PortKey::load(netlink::ExpressionList &out) const {
  switch (kind) {
  case Kind::in_name:
    out.meta(NFT_META_IIFNAME, {0});
    return;
  case Kind::out_name:
    out.meta(NFT_META_OIFNAME, {0});
    return;
  case Kind::mark:
    out.meta(NFT_META_MARK, {0});
    out.bitwise_and({0}, {0}, std::bit_cast<std::array<std::uint8_t, sizeof mark_mask>>(mark_mask));
    return;
  case Kind::cgroup:
    out.socket_cgroup(level, {0});
    return;
  case Kind::classid:
    out.meta(NFT_META_CGROUP, {0});
    return;
  case Kind::none:
    break;
  }
}

} // namespace nwgate::nftables
