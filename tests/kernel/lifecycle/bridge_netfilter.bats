#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The layout nftables where br_netfilter hands bridged packets to no IP layer.
load helpers

switch=/proc/sys/net/bridge/bridge-nf-call-iptables
teardown() { echo 1 >$switch; }

settings() {
  mkdir -p "$root/etc/nwgate"
  printf '%s\n' 'bridge-conntrack = off' "$@" >"$root/etc/nwgate/nwgate.conf"
}

@test "rules that would see no packet are refused, and nothing changes" {
  settings
  echo 0 >$switch
  filter web "  <rule action='accept' direction='in'><tcp dstportstart='80'/></rule>" | define_text web
  fails 4 nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter web
  has "$error" 'bridge-nf-call-iptables is off' NWG504
  same "$(nft list ruleset)" ''
  same "$(nwgate --json bindings)" '[]'
  # The ethernet layer needs none of it.
  fails 0 nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter clean-traffic -p IP=10.0.0.1
  same "$error" ''
}

@test "bridge-netfilter = enable switches it on" {
  settings 'bridge-netfilter = enable'
  echo 0 >$switch
  filter web "  <rule action='accept' direction='in'><tcp dstportstart='80'/></rule>" | define_text web
  fails 0 nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter web
  same "$(<$switch)" 1
}

@test "a broken port does not block the others" {
  settings
  filter web "  <rule action='accept' direction='in'><tcp dstportstart='80'/></rule>" | define_text web
  mkdir -p "$root/etc/nwgate/bindings"
  binding v0 web >"$root/etc/nwgate/bindings/v0.xml"
  binding v1 clean-traffic IP=10.0.0.1 >"$root/etc/nwgate/bindings/v1.xml"
  echo 0 >$switch
  fails 4 nwgate apply
  has "$error" NWG504 v0
  has "$(nft list ruleset)" '"v1"'
  lacks "$(nft list ruleset)" '"v0"'
}

@test "another mark-mask is for all ports at once" {
  settings
  filter web "  <rule action='accept' direction='in'><tcp dstportstart='80'/></rule>" | define_text web
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter web
  settings 'mark-mask = 0xff00'
  before=$(nft list ruleset)
  fails 4 nwgate bind --port v1 --mac 52:54:00:00:00:02 --filter web
  has "$error" 'another mark-mask' 'run nwgate apply'
  same "$(nft list ruleset)" "$before"
  fails 0 nwgate apply
  has "$(nft list ruleset)" 'meta mark & 0x0000ff00'
  fails 0 nwgate bind --port v1 --mac 52:54:00:00:00:02 --filter web
  fails 0 nwgate diff
}
