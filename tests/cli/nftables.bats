#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What chains, stats and render show of the layout nftables.
load ../kernel/lifecycle/helpers

# Lets UDP to some ports pass, drops the rest; only from the port's address.
web() {
  filter web \
    "  <rule action='drop' direction='out'><mac srcmacaddr='\$MAC' protocolid='0x88b5'/></rule>" \
    "  <rule action='accept' direction='out'><ip srcipaddr='\$IP' protocol='udp' dstportstart='\$PORTS[@1]'/></rule>" \
    "  <rule action='drop' direction='out'><ip/></rule>" | define_text web
}

two_ports() {
  web
  make_ports
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter web -p IP=10.0.0.1 -p PORTS=53 -p PORTS=123
  nwgate bind --port v1 --mac 52:54:00:00:00:02 --filter web -p IP=10.0.0.2 -p PORTS=53
}

@test "chains: rules that ports share, with each port's own values and counters" {
  two_ports
  send_frames 2 53
  send_frames 3 54
  local v0 v1
  v0=$(nwgate chains v0)
  v1=$(nwgate chains v1)
  has "$v0" 'port v0' 'as a bridge port, filter web' 'counters of rules: all 2 ports' \
    'bridge nwgate web/out' 'iifname @web/out-ports goto web/out' '@web/IP.ipv4 [10.0.0.1]' '@web/PORTS_1.u16 [53, 123]' 'web.xml:3:3'
  has "$v1" 'port v1' '@web/PORTS_1.u16 [53]'
  lacks "$v1" 10.0.0.1
  grep -Eq '^ +2 +[0-9]+ +3 +[0-9]+  out$' <<<"$v0"
  grep -Eq '^ +0 +0 +0 +0  out$' <<<"$v1"
  # The host says something of its own now and then, to both.
  grep -Eq '^ +[0-9]+ +[0-9]+ +0 +0  in$' <<<"$v0"
  grep -Eq '^ +([2-9]|1[0-9]) +[0-9]+ +0 +0  in$' <<<"$v1"
}

@test "chains as JSON: as in the other layout, and more" {
  two_ports
  send_frames 2 53
  nwgate chains v0 --json | python3 -c '
import json, sys
[port] = json.load(sys.stdin)
assert (port["port"], port["layout"], port["attachment"]) == ("v0", "nftables", "bridge"), port
assert (port["filter"], port["program"], port["shared_by"]) == ("web", "web", 2), port
assert port["counters"]["out"]["packets"] == 2 and port["counters"]["out"]["dropped_packets"] == 0, port["counters"]
assert [(l["table"], l["chain"], l["rules"][0]["target"]) for l in port["links"]] == [
    ("bridge nwgate", "prerouting", "web/out"), ("bridge nwgate", "postrouting", "web/in")], port["links"]
rules = {r["origin"]["place"]: r for c in port["chains"] for r in c["rules"] if "origin" in r}
rule = rules["web.xml:3:3"]
assert rule["verdict"] == "accept" and rule["packets"] == 2 and not rule["foreign"], rule
assert rule["origin"]["values"] == ["IP=10.0.0.1", "PORTS_1=53", "PORTS_1=123"], rule
assert rules["web.xml:4:3"]["verdict"] == "drop", rules'
}

@test "chains: no form of the xtables tools" {
  web
  fails 2 nwgate chains --format xtables
  has "$error" 'the layout nftables' 'tree, nft or json'
}

@test "stats: a table, JSON, Prometheus" {
  two_ports
  send_frames 2 53
  send_frames 3 54
  fails 0 nwgate stats
  grep -Eq '^v0 +web +2 +[0-9]+ +3 +[0-9]+ +[0-9]+ +[0-9]+ +0 +0$' <<<"$output"
  grep -Eq '^v1 +web +0 +0 +0 +0 +([2-9]|1[0-9]) +[0-9]+ +0 +0$' <<<"$output"
  lacks "$(nwgate stats v1)" v0
  fails 3 nwgate stats v2
  nwgate stats --json | python3 -c '
import json, sys
ports = {p["port"]: p for p in json.load(sys.stdin)}
assert ports["v0"]["out"]["packets"] == 2 and ports["v0"]["out"]["dropped_packets"] == 3, ports
assert ports["v1"]["in"]["packets"] >= 2 and ports["v1"]["filter"] == "web", ports'
  nwgate stats --prometheus >metrics
  has "$(<metrics)" '# TYPE nwgate_port_packets_total counter' '# HELP nwgate_port_bytes_total ' \
    'nwgate_port_packets_total{port="v0",filter="web",direction="out",verdict="accepted"} 2' \
    'nwgate_port_packets_total{port="v0",filter="web",direction="out",verdict="dropped"} 3' \
    'nwgate_port_packets_total{port="v1",filter="web",direction="in",verdict="dropped"} 0'
  # Every line is a comment or a sample, and no sample comes twice.
  same "$(grep -Evc '^(# (HELP|TYPE) .+|[a-z_]+\{([a-z]+="([^"\\]|\\.)*",?)+\} [0-9]+)$' metrics || true)" 0
  same "$(grep -v '^#' metrics | cut -d' ' -f1 | sort | uniq -d)" ''
}

@test "stats and chains when others took a port's way to its program" {
  two_ports
  nft delete element bridge nwgate web/out-ports '{ "v0" }'
  fails 0 nwgate stats
  fails 0 nwgate chains
  has "$output" 'port v1'
}

@test "render --format nft: the tables of this binding alone" {
  web
  binding v9 web IP=10.0.0.9 PORTS=53 >v9.xml
  nwgate render v9.xml --format nft >text
  has "$(<text)" 'table bridge nwgate {' 'set web/PORTS_1.u16 {' 'type ifname . inet_service' \
    'elements = { "v9" . 53 }' 'type filter hook prerouting priority -300; policy accept;' \
    'goto drop-out  # web.xml:4:3'
  same "$(nft list ruleset)" ''
}
