#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The longest names, odd names, many rules, many ports.
load helpers

@test "names of 30 bytes, which libvirt makes and ebtables-restore does not" {
  # A port of 15 characters, a chain of 12.
  filter long "  <rule action='drop' direction='inout'><arp opcode='1'/></rule>" | sed "1s/>/ chain='arp-12345678'>/" | define_text long
  filter top "  <filterref filter='long'/>" | define_text top
  nwgate bind --port fifteen-chars-0 --mac 52:54:00:00:00:01 --filter top
  has "$(ebtables-save)" '-A nwgate-I-fifteen-chars-0 -p ARP -j I-fifteen-chars-0-arp-12345678' \
    '-A I-fifteen-chars-0-arp-12345678 -p ARP --arp-op Request -j DROP' ':O-fifteen-chars-0-arp-12345678 ACCEPT'
  has "$(ebtables -t nat -L)" 'Bridge chain: I-fifteen-chars-0-arp-12345678, entries: 1'
  nwgate diff
  nwgate unbind fifteen-chars-0
  same "$(nft list ruleset)" ''
  nwgate --chain-prefix thirteen-char bind --port fifteen-chars-0 --mac 52:54:00:00:00:01 --filter top
  has "$(ebtables-save)" ':thirteen-char-I-fifteen-chars-0 ACCEPT' '-j thirteen-char-O-fifteen-chars-0'
  nwgate --chain-prefix thirteen-char diff
  nwgate --chain-prefix thirteen-char unbind fifteen-chars-0
  fails 2 nwgate --chain-prefix fourteen-chars bind --port v0 --mac 52:54:00:00:00:01 --filter top
  fails 3 nwgate bind --port sixteen-chars-00 --mac 52:54:00:00:00:01 --filter top
  has "$error" NWG218
}

@test "odd port names are bound exactly, and the tools save and restore them" {
  all_layers a 11 | define_text a
  local port tool
  for port in -v 'v*' vé v,1 'v;' 'v$' '#v' 'v(1)' '[v]' 'v&' '~' 'v|' v@if2 v.100; do
    nwgate bind "--port=$port" --mac 52:54:00:00:00:01 --filter a
    has "$(iptables -S nwgate-in)" "--physdev-in $port "
    has "$(ebtables-save)" "-A PREROUTING -i $port -j nwgate-I-$port"
    for tool in iptables ip6tables ebtables; do
      $tool-save >before
      $tool-restore <before
      $tool-save >after
      same "$(stateless <before)" "$(stateless <after)"
    done
    nwgate apply --adopt
    nwgate diff
    nwgate unbind -- "$port"
    nft flush ruleset
  done
}

@test "a port is one device, not all that begin alike" {
  all_layers a 11 | define_text a
  nwgate bind --port v --mac 52:54:00:00:00:01 --filter a
  has "$(nft list chain bridge nat PREROUTING)" 'iifname "v" '
  lacks "$(iptables -S nwgate-in)" 'v+'
}

@test "names that the tools take for something else are refused" {
  all_layers a 11 | define_text a
  local port
  for port in v+ + a+b '!v' 'v!' 'v"q' "v'q" 'v\q' .v ..v; do
    fails 3 nwgate bind "--port=$port" --mac 52:54:00:00:00:01 --filter a
    has "$error" NWG218 "'$port'"
    same "$(nft list ruleset)" ''
  done
  for port in '' . .. a/b a:b 'a b'; do
    binding "$port" a >bad.xml
    fails 3 nwgate bind bad.xml
  done
}

# many_rules NAME COUNT
many_rules() {
  python3 - "$@" <<'PY'
import sys
print("<filter name='%s'>" % sys.argv[1])
for i in range(int(sys.argv[2])):
    print("<rule action='drop' direction='out'><mac srcmacaddr='02:00:00:%02x:%02x:%02x'/></rule>" % (i >> 16, i >> 8 & 255, i & 255))
print("</filter>")
PY
}

@test "65,536 rules in one binding; one more is refused and nothing changes" {
  mkdir -p "$root/etc/nwgate"
  echo 'max-document-size = 100000000' >"$root/etc/nwgate/nwgate.conf"
  many_rules many 65536 | define_text many
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter many
  same "$(nft list table bridge nat | grep -c drop)" 65536
  local generation
  generation=$(generation)
  many_rules many 65537 >many.xml
  fails 3 nwgate define many.xml
  has "$error" NWG304
  many_rules more 65537 >"$root/var/lib/nwgate/filters/more.xml"
  fails 3 nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter more
  has "$error" NWG304
  same "$generation" "$(generation)"
  nwgate diff
  nwgate unbind v0
  same "$(nft list ruleset)" ''
}

@test "200 ports in one transaction" {
  all_layers a 11 | define_text a
  mkdir -p "$root/etc/nwgate/bindings"
  local i generation
  for i in {1..200}; do
    if ((i % 2)); then binding "vnet$i" a; else binding "vnet$i" clean-traffic "IP=10.0.0.$i"; fi >"$root/etc/nwgate/bindings/vnet$i.xml"
  done
  iptables -N theirs
  generation=$(generation)
  nwgate apply
  same "$((generation + 1))" "$(generation)"
  same "$(iptables -S | grep -c -- '-g FI-vnet')" 100
  same "$(ebtables-save | grep -c -- '-A PREROUTING')" 200
  nwgate diff
  rm "$root"/etc/nwgate/bindings/*
  nwgate apply
  same "$((generation + 2))" "$(generation)"
  lacks "$(everything)" vnet
}
