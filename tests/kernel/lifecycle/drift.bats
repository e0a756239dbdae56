#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Layout nftables: what others change in nwgate's tables is named by diff, and mended by apply.
load helpers

guard() {
  filter guard \
    "  <rule action='accept' direction='out'><ip srcipaddr='\$IP'/></rule>" \
    "  <rule action='accept' direction='in'><tcp dstportstart='\$PORTS'/></rule>" \
    "  <rule action='drop' direction='inout'><all/></rule>" | define_text guard
}

two_ports() {
  guard
  make_ports
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter guard -p IP=10.0.0.1 -p PORTS=22 -p PORTS=80
  nwgate bind --port v1 --mac 52:54:00:00:00:02 --filter guard -p IP=10.0.0.2 -p PORTS=22
  fails 0 nwgate diff
  same "$output" ''
  before=$(nft -s list ruleset)
}

# mended PART...: diff ends with 1 and has the parts, in as many lines; apply mends all.
mended() {
  fails 1 nwgate diff
  has "$output" "$@"
  same "$(wc -l <<<"$output")" $#
  fails 0 nwgate apply
  fails 0 nwgate diff
  same "$output" ''
  same "$(nft -s list ruleset)" "$before"
}

# The program's IP layers are in tables of their own unless the bridge family tracks connections.
ip_table() { nft list tables | grep -q 'table ip nwgate' && echo ip || echo bridge; }

@test "elements: with the port, also where a mark stands for it" {
  two_ports
  nft delete element bridge nwgate guard/IP.ipv4 '{ "v0" . 10.0.0.1 }'
  mended 'missing   bridge nwgate set guard/IP.ipv4: v0 . 10.0.0.1  binding v0 IP=10.0.0.1'
  nft add element bridge nwgate guard/IP.ipv4 '{ "v1" . 10.0.0.66 }'
  mended 'left over bridge nwgate set guard/IP.ipv4: v1 . 10.0.0.66'
  nft delete element bridge nwgate guard/out-ports '{ "v1" }'
  mended 'missing   bridge nwgate set guard/out-ports: v1  binding v1'
  local family
  family=$(ip_table)
  nft flush set "$family" nwgate guard/PORTS.u16
  fails 1 nwgate diff
  has "$output" "missing   $family nwgate set guard/PORTS.u16: v0" ' . 22  binding v0 PORTS=22' ' . 80  binding v0 PORTS=80' \
    ' . 22  binding v1 PORTS=22'
  fails 0 nwgate apply
  fails 0 nwgate diff
}

@test "rules of others, and rules that are gone" {
  two_ports
  nft insert rule bridge nwgate guard/out ip saddr 10.0.0.0/8 accept
  mended 'foreign   bridge nwgate chain guard/out: '
  nft add rule bridge nwgate prerouting tcp dport 22 accept comment '"a word"'
  mended 'foreign   bridge nwgate chain prerouting: '
  nft delete rule bridge nwgate guard/out handle "$(nft -a list chain bridge nwgate guard/out | sed -n '/IP.ipv4/s/.*# handle //p')"
  mended 'missing   bridge nwgate chain guard/out: ether type 0x0800 iifname . ip saddr @guard/IP.ipv4 accept  guard.xml:2:3'
  nft add chain bridge nwgate mine
  mended 'foreign   bridge nwgate chain mine'
}

@test "a policy" {
  two_ports
  nft add chain bridge nwgate prerouting '{ policy drop; }'
  mended 'missing   bridge nwgate chain prerouting with policy accept'
}

@test "everything flushed: all rules are missing, elements are not" {
  two_ports
  nft flush table bridge nwgate
  fails 1 nwgate diff
  lacks "$output" 'nwgate set '
  lacks "$output" 'left over'
  has "$output" 'chain guard/out: ether type 0x0800 iifname . ip saddr @guard/IP.ipv4 accept  guard.xml:2:3' \
    'chain prerouting: iifname @guard/out-ports goto guard/out'
  fails 0 nwgate apply
  fails 0 nwgate diff
  same "$(nft -s list ruleset)" "$before"
}

@test "a table that is gone is one difference" {
  two_ports
  nft delete table bridge nwgate
  fails 1 nwgate diff
  has "$output" 'missing   bridge nwgate the whole table'
  local first
  first=$(generation)
  fails 0 nwgate apply
  same "$(generation)" $((first + 1)) # one transaction
  fails 0 nwgate diff
}

@test "a table that somebody made dormant" {
  two_ports
  nft add table bridge nwgate '{ flags dormant; }'
  mended 'missing   bridge nwgate the whole table, which is dormant'
}

@test "as JSON" {
  two_ports
  nft delete element bridge nwgate guard/IP.ipv4 '{ "v0" . 10.0.0.1 }'
  nft insert rule bridge nwgate guard/out accept
  fails 1 nwgate diff --json
  python3 -c '
import json, sys
drifts = {d["kind"]: d for d in json.load(sys.stdin)}
missing, foreign = drifts["missing"], drifts["foreign"]
assert (missing["table"], missing["set"], missing["port"]) == ("bridge nwgate", "guard/IP.ipv4", "v0"), missing
assert missing["element"] == "v0 . 10.0.0.1" and missing["origin"] == "binding v0 IP=10.0.0.1", missing
assert (foreign["chain"], foreign["rule"], foreign["port"]) == ("guard/out", "accept", ""), foreign' <<<"$output"
}

@test "--timing says how long reading and comparing took" {
  two_ports
  fails 0 nwgate diff --timing
  [[ $error =~ ^read:\ [0-9]+\ us,\ compare:\ [0-9]+\ us$ ]]
}
