#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Ports that are in no bridge of the kernel: a routed veth, a macvlan, a port of a bond. Packets tell.
load helpers
load sockets

# The host routes between a guest behind v0 (10.1.0.2) and a peer behind v1 (10.2.0.2); each is a network namespace.
routed_network() {
  local name i
  for name in guest peer; do
    unshare --net sleep 3600 >/dev/null 2>&1 3>&- &
    eval "$name=$!"
  done
  # shellcheck disable=SC2154 # set by eval
  for name in "$guest" "$peer"; do
    until [ "$(readlink "/proc/$name/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
    nsenter --net="/proc/$name/ns/net" ip link set lo up
  done
  i=1
  for name in "$guest" "$peer"; do
    ip link add "v$((i - 1))" type veth peer name "e$i" netns "$name"
    ip address add "10.$i.0.1/24" dev "v$((i - 1))"
    ip link set "v$((i - 1))" up
    nsenter --net="/proc/$name/ns/net" ip link set "e$i" address "52:54:00:00:00:0$i" up
    nsenter --net="/proc/$name/ns/net" ip address add "10.$i.0.2/24" dev "e$i"
    nsenter --net="/proc/$name/ns/net" ip route add default via "10.$i.0.1"
    i=$((i + 1))
  done
  sysctl -qw net.ipv4.ip_forward=1
}
teardown() {
  local pid
  for pid in ${guest:-} ${peer:-} ${started:-}; do kill "$pid" || true; done
  ip link delete b0 2>/dev/null || true
  ip link delete m0 2>/dev/null || true
}

@test "a routed port: the ethernet layer at the device's own hooks" {
  routed_network
  serve - "$peer" 80
  serve - "$guest" 80
  at "$guest" ip address add 10.1.0.9/24 dev e1
  ip route add 10.1.0.9/32 dev v0
  talks - "$guest" tcp 10.2.0.2 80 10.1.0.9
  fails 0 nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter clean-traffic -p IP=10.1.0.2
  has "$(nwgate chains v0)" 'attached by its own device'
  talks - "$guest" tcp 10.2.0.2 80
  talks - "$peer" tcp 10.1.0.2 80
  is_silent - "$guest" tcp 10.2.0.2 80 10.1.0.9
  has "$(nwgate --json stats)" '"port": "v0"'
  at "$guest" ip link set e1 address 52:54:00:00:00:77
  is_silent - "$guest" tcp 10.2.0.2 80
  at "$guest" ip link set e1 address 52:54:00:00:00:01
  at "$guest" ip route replace default via 10.1.0.1
  talks - "$guest" tcp 10.2.0.2 80
  fails 0 nwgate diff
  fails 0 nwgate unbind v0
  same "$(nft list ruleset)" ''
  talks - "$guest" tcp 10.2.0.2 80 10.1.0.9
}

@test "a routed port: the IP layers, forwarded and to and from the host" {
  routed_network
  local place
  for place in "$guest" "$peer" host; do serve - "$place" 80; serve - "$place" 81; done
  filter web \
    "  <rule action='accept' direction='in' priority='100'><tcp dstportstart='80'/></rule>" \
    "  <rule action='accept' direction='out' priority='100'><tcp dstportstart='81'/></rule>" \
    "  <rule action='drop' direction='inout' priority='200'><all/></rule>" | define_text web
  fails 0 nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter web
  talks - "$peer" tcp 10.1.0.2 80
  is_silent - "$peer" tcp 10.1.0.2 81
  talks - host tcp 10.1.0.2 80
  is_silent - host tcp 10.1.0.2 81
  talks - "$guest" tcp 10.2.0.2 81
  is_silent - "$guest" tcp 10.2.0.2 80
  talks - "$guest" tcp 10.1.0.1 81
  is_silent - "$guest" tcp 10.1.0.1 80
  talks - "$peer" tcp 10.2.0.1 80 # is not the guest's
  has "$(nwgate explain v0 'in tcp 10.2.0.2:1000 > 10.1.0.2:81 new')" drop
  fails 0 nwgate diff
}

@test "a routed port that is deleted and made again" {
  routed_network
  serve - "$peer" 80
  fails 0 nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter clean-traffic -p IP=10.1.0.2
  ip link delete v0
  ip link add v0 type veth peer name e1 netns "$guest"
  ip address add 10.1.0.1/24 dev v0
  ip link set v0 up
  at "$guest" ip link set e1 address 52:54:00:00:00:01 up
  at "$guest" ip address add 10.1.0.2/24 dev e1
  at "$guest" ip address add 10.1.0.9/24 dev e1
  at "$guest" ip route add default via 10.1.0.1
  # Linux 6.16 hooks a chain to a device of its name whenever there is one; before, the chain is gone with the device.
  fails 0 nwgate apply
  talks - "$guest" tcp 10.2.0.2 80
  is_silent - "$guest" tcp 10.2.0.2 80 10.1.0.9
  fails 0 nwgate diff
}

@test "a macvlan: what it sends is what the workload sends" {
  routed_network
  ip link add m0 link v1 type macvlan mode bridge || skip 'this kernel has no macvlan'
  serve - "$peer" 80
  serve - host 80
  ip link set m0 address 52:54:00:00:00:0a up
  ip address add 10.2.0.5/24 dev m0
  ip address add 10.2.0.6/24 dev m0
  ip address delete 10.2.0.1/24 dev v1
  talks - host tcp 10.2.0.2 80 10.2.0.6
  fails 0 nwgate bind --port m0 --mac 52:54:00:00:00:0a --filter clean-traffic -p IP=10.2.0.5
  has "$(nwgate chains m0)" 'clean-traffic/macvtap/out'
  talks - host tcp 10.2.0.2 80 10.2.0.5
  talks - "$peer" tcp 10.2.0.5 80
  is_silent - host tcp 10.2.0.2 80 10.2.0.6
  filter web "  <rule action='accept' direction='in'><tcp dstportstart='80'/></rule>" | define_text web
  fails 3 nwgate bind --port m0 --mac 52:54:00:00:00:0a --filter web
  has "$error" 'would have no effect'
  talks - host tcp 10.2.0.2 80 10.2.0.5
  is_silent - host tcp 10.2.0.2 80 10.2.0.6
}

@test "a port of a bond: the ethernet layer" {
  routed_network
  ip link add b0 type bond mode active-backup miimon 10 || skip 'this kernel has no bond'
  serve - "$peer" 80
  ip address flush dev v0
  ip link set v0 down
  ip link set v0 master b0
  ip address add 10.1.0.1/24 dev b0
  ip link set b0 up
  at "$guest" ip address add 10.1.0.9/24 dev e1
  at "$guest" ip neighbour flush all
  for _ in 1 2 3 4 5 6 7 8; do ! talks - "$guest" tcp 10.2.0.2 80 || break; done # the bond takes its port after a while
  talks - "$guest" tcp 10.2.0.2 80 10.1.0.9
  fails 0 nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter clean-traffic -p IP=10.1.0.2
  talks - "$guest" tcp 10.2.0.2 80
  is_silent - "$guest" tcp 10.2.0.2 80 10.1.0.9
  filter web "  <rule action='accept' direction='in'><tcp dstportstart='80'/></rule>" | define_text web
  fails 3 nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter web
  has "$error" 'another switch'
}
