#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# nwgate explain: forms, exit codes, wrong words.
load ../kernel/lifecycle/helpers

@test "the way of a packet, of a port and of a document" {
  binding v0 clean-traffic IP=10.0.0.1 >v0.xml
  fails 0 nwgate explain v0.xml 'out udp 10.0.0.1:1 > 10.0.0.2:2' --expect accept
  has "$output" 'ethernet: accept' 'yes mac ' '[no: ip.saddr is 10.0.0.1]' 'accept, by clean-traffic.xml:10:3'
  nwgate bind v0.xml
  fails 0 nwgate explain v0 out udp 10.0.0.9:1 '>' 10.0.0.2:2 --expect drop
  has "$output" 'drop, by no-ip-spoofing.xml:11:3 < clean-traffic.xml:9:3'
  fails 1 nwgate explain v0 out udp 10.0.0.9:1 '>' 10.0.0.2:2 --expect accept
  fails 0 nwgate explain v0 --json 'out arp 10.0.0.9 > 10.0.0.2'
  python3 -c 'import json, sys; r = json.load(sys.stdin); assert r["verdict"] == "drop" and r["layers"][0]["rules"], r' <<<"$output"
}

@test "what cannot be explained" {
  binding v0 clean-traffic IP=10.0.0.1 >v0.xml
  fails 2 nwgate explain v0.xml 'out tcp 10.0.0.1'
  has "$error" "'>' is missing at the end"
  fails 2 nwgate explain v7 'out tcp 10.0.0.1 > 10.0.0.2'
  has "$error" "the port 'v7' has no binding"
  fails 2 nwgate explain v0.xml 'out tcp 10.0.0.1 > 10.0.0.2' --expect maybe
  fails 2 nwgate explain v0.xml
  binding v0 no-such-filter >v0.xml
  fails 3 nwgate explain v0.xml 'out tcp 10.0.0.1 > 10.0.0.2'
  has "$error" NWG301
}
