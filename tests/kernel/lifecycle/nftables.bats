#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The layout nftables: what its commands leave, and what stays filtered whatever happens around it. Packets tell.
load helpers

# A foreign table in each family, and what iptables, ip6tables and ebtables have.
make_theirs() {
  nft -f - <<'END'
table inet theirs { chain c { type filter hook forward priority 5; counter comment "ours"; }; set s { type ipv4_addr; elements = { 192.0.2.1 }; }; }
table bridge theirs { chain c { type filter hook forward priority 5; }; }
END
  iptables -A FORWARD -s 192.0.2.1 -j ACCEPT
  ip6tables -A FORWARD -s 2001:db8::1 -j ACCEPT
  ebtables -t nat -A PREROUTING -s 52:54:00:00:00:99 -j ACCEPT
}
# Everything but nwgate's tables, with handles.
theirs() { nft -a -s list ruleset 2>/dev/null | awk '/^table .* nwgate /{ skip = 1 } !skip { print } /^}/{ skip = 0 }'; }

# The IP layers stand in the IP families, also where the kernel could have them in that of the bridge.
ip_layers_in_ip_families() {
  mkdir -p "$root/etc/nwgate"
  echo 'bridge-conntrack = off' >"$root/etc/nwgate/nwgate.conf"
}

# Whatever the order in which it was made.
content() { nft -s list ruleset | sort; }

# UDP to port 7 passes in both directions, and nothing else that is IP.
only_seven() {
  filter only-seven \
    "  <rule action='accept' direction='out' priority='100' statematch='false'><udp dstportstart='7'/></rule>" \
    "  <rule action='accept' direction='in' priority='100' statematch='false'><udp dstportstart='7'/></rule>" \
    "  <rule action='drop' direction='inout' priority='200'><all/></rule>" \
    "  <rule action='drop' direction='out'><mac protocolid='0x88b6'/></rule>" | define_text only-seven
}
bind_v0() { nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter "${1:-only-seven}" "${@:2}"; }
is_filtered() {
  arrives g0 g1 7
  arrives g1 g0 7
  is_lost g0 g1 9
  is_lost g1 g0 9
}

@test "binding, rebinding, redefining and unbinding leave nothing, and nothing of others changes" {
  ip_layers_in_ip_families
  make_theirs
  all_layers a 11 | define_text a
  all_layers b 22 | define_text b
  local before
  before=$(everything)
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter a
  has "$(nft list ruleset)" 'table bridge nwgate' 'table ip nwgate' 'table ip6 nwgate'
  same "$before" "$(theirs; iptables-save -t filter | stateless; ip6tables-save -t filter | stateless; ebtables-save | stateless)"
  nwgate bind --port v1 --mac 52:54:00:00:00:02 --filter clean-traffic -p IP=10.0.0.1
  nwgate bind --port v2 --mac 52:54:00:00:00:03 --filter a
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter b
  all_layers a 33 | define_text a
  nwgate apply
  nwgate diff
  nwgate unbind v2
  nwgate diff
  lacks "$(nft list ruleset)" '"v2"'
  lacks "$(nft list ruleset)" 'a/out'
  nwgate unbind v0 v1
  same "$before" "$(everything)"
  same "$(theirs)" "$(nft -a -s list ruleset)"
}

@test "a port that shares its filter leaves nothing of itself" {
  all_layers a 11 | define_text a
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter a
  local before
  before=$(content)
  nwgate bind --port v1 --mac 52:54:00:00:00:02 --filter a
  has "$(nft list ruleset)" '"v1"'
  nwgate unbind v1
  same "$before" "$(content)"
}

@test "what bindings say is made again by apply" {
  ip_layers_in_ip_families
  only_seven
  bind_v0
  nwgate bind --port v1 --mac 52:54:00:00:00:02 --filter clean-traffic -p IP=10.0.0.1
  local before
  before=$(content)
  nft flush ruleset
  fails 1 nwgate diff
  nwgate apply
  same "$before" "$(content)"
  nft delete element bridge nwgate only-seven/out-ports '{ "v0" }'
  nft add element bridge nwgate only-seven/in-ports '{ "v9" }'
  nft add rule ip nwgate only-seven/out accept
  fails 1 nwgate diff
  nwgate apply
  same "$before" "$(content)"
}

@test "others may flush their tables" {
  make_ports
  only_seven
  make_theirs
  bind_v0
  is_filtered
  iptables -F; iptables -X; ip6tables -F; ip6tables -X; ebtables -t nat -F; ebtables -t nat -X; ebtables -F
  is_filtered
  nft delete table inet theirs
  nft delete table bridge theirs
  is_filtered
  nwgate diff
}

@test "nft takes back what it lists: no name of ours is a word of its language" {
  ip_layers_in_ip_families
  make_ports
  only_seven
  bind_v0
  nft list ruleset >listing
  has "$(<listing)" 'known-devices' 'goto accepted'
  fails 0 nft --check --file listing
}

@test "nft lists what many programs have" {
  ip_layers_in_ip_families
  for number in 1 2 3 4 5 6; do
    filter "f$number" "  <rule action='accept' direction='in'><tcp dstportstart='$number'/></rule>" | define_text "f$number"
    nwgate bind --port "v$number" --mac 52:54:00:00:00:01 --filter "f$number"
  done
  fails 0 nft list ruleset
  has "$output" '"v6" counter packets 0 bytes 0 : goto f6/out' 'goto f5/out'
}

@test "a port that is deleted and made again stays filtered" {
  make_ports
  only_seven
  bind_v0
  is_filtered
  ip link delete v0
  ip link add v0 type veth peer name g0
  sysctl -qw net.ipv6.conf.v0.disable_ipv6=1 net.ipv6.conf.g0.disable_ipv6=1
  ip link set v0 master br0 up
  ip link set g0 address 52:54:00:00:00:01 up
  is_filtered
  fails 1 nwgate diff # the kernel knows it by its name, but not by its index, which would tell it under another name
  has "$output" 'bridge nwgate set known-devices'
  nwgate apply
  nwgate diff
  is_filtered
}

@test "a port that is bound before it exists is filtered when it appears" {
  make_ports
  only_seven
  ip link delete v0
  bind_v0
  ip link add v0 type veth peer name g0
  sysctl -qw net.ipv6.conf.v0.disable_ipv6=1 net.ipv6.conf.g0.disable_ipv6=1
  ip link set g0 address 52:54:00:00:00:01 up
  ip link set v0 master br0 up
  is_filtered
}

@test "a port that is renamed is not let through" {
  make_ports
  only_seven
  bind_v0
  ip link set v0 down
  ip link set v0 name w0
  ip link set w0 up
  is_lost g0 g1 7
  is_lost g1 g0 7
  is_lost g0 g1 0x88b7
  is_lost g1 g0 0x88b7
  # Nor after another change, while it is bound.
  nwgate bind --port v1 --mac 52:54:00:00:00:02 --filter clean-traffic -p IP=10.0.0.1
  nwgate unbind v1
  nwgate apply
  is_lost g0 g1 7
  is_lost g1 g0 7
  ip link set w0 down
  ip link set w0 name v0
  ip link set v0 up
  is_filtered
  ip link set v0 down
  ip link set v0 name w0
  ip link set w0 up
  nwgate unbind v0
  arrives g0 g1 9
  ip link set w0 down
  ip link set w0 name v0
}

@test "a port that moves to another bridge stays filtered" {
  make_ports
  only_seven
  bind_v0
  ip link add br1 type bridge
  ip link set br1 up
  ip link set v0 master br1
  ip link set v1 master br1
  is_filtered
  nwgate diff
  ip link delete br1
}

@test "a filter of many ports is redefined once" {
  ip_layers_in_ip_families
  local i operations
  only_seven
  for i in $(seq 40); do
    binding "p$i" only-seven >"p$i.xml"
    nwgate bind "p$i.xml"
  done
  filter only-seven "  <rule action='drop' direction='inout'><all/></rule>" >only-seven.xml
  nwgate define --timing only-seven.xml >out 2>&1
  operations=$(sed -n 's/.*commit: .* us, \([0-9]*\) operations.*/\1/p' out)
  [ "$operations" -gt 0 ] && [ "$operations" -le 12 ] || { cat out; return 1; }
  same "$(nft list table ip nwgate | grep -c 'goto drop-out')" 1
  nwgate diff
}

@test "values that rules cannot look up make programs of their own" {
  ip_layers_in_ip_families
  filter not-mine "  <rule action='drop' direction='out'><all match='no' srcipaddr='\$IP' state='NONE'/></rule>" | define_text not-mine
  make_ports
  bind_v0 not-mine -p IP=10.0.0.1
  nwgate bind --port v1 --mac 52:54:00:00:00:02 --filter not-mine -p IP=10.0.0.2
  lacks "$(nft list chains)" 'chain not-mine/v'
  arrives g0 g1 9
  arrives g1 g0 9
  nwgate bind --port v1 --mac 52:54:00:00:00:02 --filter not-mine -p IP=10.0.0.2 -p IP=10.0.0.3
  same "$(nft list chains ip | grep -c 'chain not-mine/v.*/out ')" 1
  arrives g0 g1 9
  is_lost g1 g0 9 # is not one of the two
  nwgate bind --port v2 --mac 52:54:00:00:00:03 --filter not-mine -p IP=10.0.0.2 -p IP=10.0.0.4
  same "$(nft list chains ip | grep -c 'chain not-mine/v.*/out ')" 2
  nwgate bind --port v2 --mac 52:54:00:00:00:03 --filter not-mine -p IP=10.0.0.2 -p IP=10.0.0.3
  same "$(nft list chains ip | grep -c 'chain not-mine/v.*/out ')" 1
  nwgate unbind v1 v2
  lacks "$(nft list chains)" 'chain not-mine/v'
  nwgate diff
}

@test "from one layout to the other one and back" {
  make_ports
  only_seven
  bind_v0
  local before
  before=$(content)
  nwgate --layout xtables apply
  lacks "$(nft list ruleset)" nwgate/
  has "$(iptables-save)" FI-v0
  nwgate --layout xtables diff
  is_filtered
  nwgate --layout nftables apply
  same "$before" "$(content)"
  is_filtered
}

@test "other bits of a mark stay, and ours are 0 behind" {
  make_ports
  only_seven
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter only-seven
  nft -f - <<'END'
table bridge marks {
  chain before { type filter hook prerouting priority -310; udp dport 7 udp sport 1001 meta mark set 0x30000ab5; udp dport 9 meta mark set 0x30000ab5; }
  chain behind { type filter hook postrouting priority 310;
    udp dport 7 udp sport 1001 meta mark 0x30000ab5 counter comment "kept"
    udp dport 7 udp sport 1000 meta mark 0 counter comment "none"
    udp dport 7 meta mark != { 0, 0x30000ab5 } counter comment "wrong"
  }
}
END
  is_filtered
  arrives g0 g1 7 1001
  arrives g1 g0 7 1001
  local counts
  counts=$(nft list table bridge marks | grep -o 'packets.*comment.*')
  has "$counts" 'packets 2 bytes 92 comment "kept"' 'packets 2 bytes 92 comment "none"' 'packets 0 bytes 0 comment "wrong"'
}

@test "what goes to the host loses its mark as well" {
  make_ports
  ip addr add 10.0.0.254/24 dev br0
  only_seven
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter only-seven
  nft -f - <<'END'
table inet host { chain input { type filter hook input priority 10; udp dport 7 meta mark 0 counter comment "none"; udp dport 7 meta mark != 0 counter comment "wrong"; }; }
END
  frame g0 br0 7 || true # who looks at the device sees it before the host's hooks
  frame g0 br0 9 || true
  has "$(nft list table inet host)" 'packets 1 bytes 46 comment "none"' 'packets 0 bytes 0 comment "wrong"'
}
