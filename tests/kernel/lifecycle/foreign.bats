#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What others have put into the kernel stays as it is, byte for byte.
load helpers

# Chains, rules, policies, sets, tables: in the tables that nwgate uses, and beside them.
make_foreign_things() {
  # Base chains that were not there would come and go.
  for chain in INPUT OUTPUT FORWARD; do
    iptables -P $chain ACCEPT
    ip6tables -P $chain ACCEPT
  done
  iptables -N theirs
  iptables -A theirs -p tcp --dport 22 -j ACCEPT
  iptables -A FORWARD -i eth7 -j theirs
  iptables -A INPUT -s 192.0.2.1 -j DROP
  iptables -A OUTPUT -d 192.0.2.2 -m comment --comment "an administrator's" -j DROP
  iptables -P FORWARD DROP
  ip6tables -A FORWARD -s 2001:db8::/32 -j DROP
  ebtables -t nat -N their-chain
  ebtables -t nat -A their-chain -p ARP -j DROP
  ebtables -t nat -A PREROUTING -i eth7 -j their-chain
  ebtables -t nat -A POSTROUTING -o eth7 -j DROP
  ebtables -t nat -A OUTPUT -p 0x1234 -j DROP
  ebtables -t filter -A FORWARD -p ARP -j ACCEPT
  iptables -t nat -A POSTROUTING -o eth7 -j MASQUERADE
  nft -f - <<'NFT'
table inet mine {
  set s { type ipv4_addr; elements = { 192.0.2.7 } }
  chain c { type filter hook forward priority 5; policy accept; ip saddr @s counter drop; }
}
table bridge mine { chain c { type filter hook prerouting priority -310; counter
}
}
NFT
  nft add set ip filter their_set '{ type ipv4_addr; elements = { 192.0.2.9 }; }'
}

@test "bind, rebind and unbind leave foreign things alone" {
  make_foreign_things
  all_layers a 11 | define_text a
  all_layers b 22 | define_text b
  local before
  before=$(everything)
  local minus_ours
  minus_ours=$(foreign)
  binding v0 a >v0-a.xml
  binding v0 b >v0-b.xml
  nwgate bind v0-a.xml
  same "$minus_ours" "$(foreign)"
  iptables -S FORWARD | grep -q 'nwgate-in$'
  nwgate bind v0-b.xml
  same "$minus_ours" "$(foreign)"
  nwgate bind --port v1 --mac 52:54:00:00:00:02 --filter a
  same "$minus_ours" "$(foreign)"
  nwgate unbind v0
  same "$minus_ours" "$(foreign)"
  nwgate unbind v1
  same "$before" "$(everything)"
}

@test "apply, define and undefine leave foreign things alone" {
  make_foreign_things
  local before minus_ours
  before=$(everything)
  minus_ours=$(foreign)
  all_layers a 11 | define_text a
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter a
  all_layers a 33 | define_text a
  same "$minus_ours" "$(foreign)"
  nwgate apply
  same "$minus_ours" "$(foreign)"
  rm "$root/run/nwgate/bindings/v0.xml"
  nwgate apply
  same "$before" "$(everything)"
}

@test "rules that come later, in front of ours and behind, stay in their order" {
  all_layers a 11 | define_text a
  all_layers b 22 | define_text b
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter a
  iptables -A FORWARD -s 192.0.2.1 -j DROP
  iptables -I FORWARD 1 -s 192.0.2.2 -j DROP
  ip6tables -I FORWARD 2 -s 2001:db8::1 -j DROP
  ebtables -t nat -A PREROUTING -p ARP -j DROP
  ebtables -t nat -I PREROUTING -p 0x1234 -j DROP
  iptables -P FORWARD DROP
  local order
  order() { iptables -S FORWARD; ip6tables -S FORWARD; ebtables -t nat -L PREROUTING; }
  order=$(order)
  has "$order" '-A FORWARD -s 192.0.2.2/32 -j DROP
-A FORWARD -j nwgate-in' '-A FORWARD -j nwgate-in-post
-A FORWARD -s 192.0.2.1/32 -j DROP' '-A FORWARD -j nwgate-in
-A FORWARD -s 2001:db8::1/128 -j DROP
-A FORWARD -j nwgate-out'
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter b
  same "$order" "$(order)"
  nwgate apply
  same "$order" "$(order)"
  nwgate unbind v0
  same "$(iptables -S FORWARD)" '-P FORWARD DROP
-A FORWARD -s 192.0.2.2/32 -j DROP
-A FORWARD -s 192.0.2.1/32 -j DROP'
  same "$(ip6tables -S FORWARD)" '-P FORWARD ACCEPT
-A FORWARD -s 2001:db8::1/128 -j DROP'
  same "$(ebtables -t nat -L PREROUTING | grep -- -j)" '-p 0x1234 -j DROP
-p ARP -j DROP'
}

@test "unbind leaves an empty kernel when there was one" {
  all_layers a 11 | define_text a
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter a
  nwgate bind --port v1 --mac 52:54:00:00:00:02 --filter a
  nwgate unbind v1
  same "$(nft list tables | sort)" 'table bridge nat
table ip filter
table ip6 filter'
  nwgate unbind v0
  same "$(nft list ruleset)" ''
}

@test "a filter of one table makes no other" {
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter clean-traffic -p IP=10.0.0.1
  same "$(nft list tables)" 'table bridge nat'
  nwgate unbind v0
  same "$(nft list tables)" ''
}

@test "tables that were there before stay, also when they are empty" {
  iptables -L -n >/dev/null
  ip6tables -A FORWARD -j ACCEPT
  ip6tables -F FORWARD
  iptables -A FORWARD -j ACCEPT
  iptables -F FORWARD
  ebtables -t nat -A OUTPUT -p ARP -j DROP
  ebtables -t nat -F OUTPUT
  local before
  before=$(everything)
  has "$(nft list tables)" 'table ip filter' 'table ip6 filter' 'table bridge nat'
  all_layers a 11 | define_text a
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter a
  nwgate unbind v0
  same "$before" "$(everything)"
}

@test "a table that nwgate made stays when somebody else uses it" {
  all_layers a 11 | define_text a
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter a
  iptables -A INPUT -s 192.0.2.1 -j DROP
  ip6tables -P FORWARD DROP
  nft add set bridge nat theirs '{ type ifname; }'
  nwgate unbind v0
  same "$(iptables -S INPUT)" '-P INPUT ACCEPT
-A INPUT -s 192.0.2.1/32 -j DROP'
  same "$(ip6tables -S FORWARD)" '-P FORWARD DROP'
  nft list set bridge nat theirs
  lacks "$(everything)" nwgate
}

@test "a user chain of somebody else keeps the table" {
  all_layers a 11 | define_text a
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter a
  iptables -N theirs
  nwgate unbind v0
  iptables -S theirs
  lacks "$(everything)" nwgate
}

@test "a port's chain name that somebody else has is refused, and nothing changes" {
  all_layers a 11 | define_text a
  for taken in 'iptables -N FI-v0' 'ip6tables -N HI-v0' 'ebtables -t nat -N nwgate-I-v0'; do
    nft flush ruleset
    $taken
    local before generation
    before=$(everything)
    generation=$(generation)
    fails 4 nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter a
    has "$error" NWG503 "'${taken##* }'" "'v0'" 'nwgate apply --adopt'
    same "$before" "$(everything)"
    same "$generation" "$(generation)"
    fails 3 nwgate unbind v0
  done
}

@test "with libvirt's prefix, shared chains that libvirtd made are used and stay" {
  all_layers a 11 | define_text a
  for tool in iptables ip6tables; do
    for chain in in out in-post host-in; do $tool -N libvirt-$chain; done
    $tool -A FORWARD -j libvirt-in
    $tool -A FORWARD -j libvirt-out
    $tool -A FORWARD -j libvirt-in-post
    $tool -A INPUT -j libvirt-host-in
    $tool -N FI-vnet9
    $tool -A libvirt-in -m physdev --physdev-in vnet9 -g FI-vnet9
  done
  local before
  before=$(everything)
  nwgate --chain-prefix libvirt bind --port v0 --mac 52:54:00:00:00:01 --filter a
  same "$(iptables -S FORWARD)" '-P FORWARD ACCEPT
-A FORWARD -j libvirt-in
-A FORWARD -j libvirt-out
-A FORWARD -j libvirt-in-post'
  same "$(iptables -S libvirt-in | tail -n +2)" '-A libvirt-in -m physdev --physdev-in vnet9 -g FI-vnet9
-A libvirt-in -m physdev --physdev-in v0 -g FI-v0'
  nwgate --chain-prefix libvirt unbind v0
  same "$before" "$(everything)"
}

@test "with libvirt's prefix, empty shared chains that libvirtd made stay" {
  all_layers a 11 | define_text a
  for chain in in out in-post host-in; do iptables -N libvirt-$chain; done
  local before
  before=$(everything)
  nwgate --chain-prefix libvirt bind --port v0 --mac 52:54:00:00:00:01 --filter a
  nwgate --chain-prefix libvirt unbind v0
  same "$before" "$(everything)"
}
