#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# nwgate chains, diff, apply: exit codes and forms.
load ../kernel/lifecycle/helpers

@test "nothing is bound" {
  for command in chains diff apply bindings; do
    fails 0 nwgate $command
    same "$error" ''
  done
  same "$(nwgate --json chains)" '[]'
  same "$(nwgate --json diff)" '[]'
  same "$(nwgate --json bindings)" '[]'
  same "$(nft list ruleset)" ''
  fails 3 nwgate chains v0
  has "$error" "nwgate: port 'v0' is not bound and has no chains"
}

@test "chains in each form" {
  all_layers a 11 | define_text a
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter a
  nwgate bind --port v1 --mac 52:54:00:00:00:01 --filter clean-traffic -p IP=10.0.0.1
  has "$(nwgate chains)" 'port v0' 'port v1' 'ip filter FI-v0' 'a.xml:3:3' 'bridge nat nwgate-I-v1' '[IP=10.0.0.1]' 'no-ip-spoofing.xml:'
  lacks "$(nwgate chains v0)" v1
  has "$(nwgate chains v0 --format xtables)" '[0:0] -A FO-v0 -p tcp -m tcp --dport 11' '[0:0] -A PREROUTING -i v0 -j nwgate-I-v0'
  has "$(nwgate chains v0 --format nft)" 'rule ip filter FI-v0' 'cmp'
  same "$(nwgate chains --format json)" "$(nwgate --json chains)"
  nwgate --json chains | python3 -c '
import json, sys
ports = {p["port"]: p for p in json.load(sys.stdin)}
assert sorted(ports) == ["v0", "v1"]
rules = [r for c in ports["v0"]["chains"] for r in c["rules"]]
assert all(r["packets"] == 0 and not r["foreign"] for r in rules), rules
assert any(r.get("origin", {}).get("place") == "a.xml:3:3" for r in rules), rules
assert {c["table"] for c in ports["v0"]["chains"]} == {"bridge nat", "ip filter", "ip6 filter"}'
  # A device that only begins alike is another.
  fails 3 nwgate chains v
}

@test "diff: 1 with differences, as text and as JSON" {
  all_layers a 11 | define_text a
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter a
  iptables -F FO-v0
  fails 1 nwgate diff
  has "$output" 'missing   ip filter -A FO-v0 -p tcp -m tcp --dport 11 -j ACCEPT' 'a.xml:3:3'
  same "$error" ''
  fails 1 nwgate --json diff
  python3 -c '
import json, sys
drifts = json.load(sys.stdin)
assert {d["kind"] for d in drifts} == {"missing"} and {d["port"] for d in drifts} == {"v0"} and {d["chain"] for d in drifts} == {"FO-v0"}
assert drifts[0]["origin"] == "a.xml:3:3" and drifts[0]["table"] == "ip filter", drifts' <<<"$output"
  fails 0 nwgate apply
  same "$output$error" ''
  fails 0 nwgate diff
}

@test "--timing says how long the kernel took" {
  fails 0 nwgate --timing bind --port v0 --mac 52:54:00:00:00:01 --filter clean-traffic -p IP=10.0.0.1
  [[ $error =~ ^commit:\ [0-9]+\ us,\ [0-9]+\ operations,\ [0-9]+\ bytes$ ]]
  fails 0 nwgate --timing apply
  has "$error" ' 0 operations, 0 bytes'
}

@test "a warning when br_netfilter does not hand packets over" {
  all_layers a 11 | define_text a
  sysctl -qw net.bridge.bridge-nf-call-iptables=0
  fails 0 nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter a
  has "$error" 'nwgate: warning: /proc/sys/net/bridge/bridge-nf-call-iptables is off' "'v0'"
  fails 0 nwgate bind --port v1 --mac 52:54:00:00:00:01 --filter clean-traffic -p IP=10.0.0.1
  same "$error" ''
  sysctl -qw net.bridge.bridge-nf-call-iptables=1
}
