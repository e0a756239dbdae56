#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# A change touches what it changes: other rules keep handles and counts. And what others have broken is found and mended.
load helpers

# Rules of a chain without ebtables' policy: "handle packets text", one a line. rules FAMILY TABLE CHAIN
rules() {
  nft -a list chain "$@" 2>/dev/null | sed -n '/# handle/{ /^\t*chain/d; s/^[ \t]*\(.*\) # handle \([0-9]*\)$/\2 \1/p }'
}
handles() { rules "$@" | cut -d' ' -f1; }
packets() { nwgate chains --json | python3 -c '
import json, sys
for port in json.load(sys.stdin):
    for chain in port["links"] + port["chains"]:
        for rule in chain["rules"]:
            if rule["packets"]: print(port["port"], chain["table"], chain["chain"], rule["rule"], rule["packets"])'; }

traffic_filter() { # NAME [LINE]...
  local name=$1
  shift
  filter "$name" "$@" \
    "  <rule action='return' direction='out' priority='600'><mac protocolid='ipv4'/></rule>" \
    "  <rule action='accept' direction='out' priority='700'><udp dstportstart='7'/></rule>" \
    "  <rule action='accept' direction='out' priority='700'><udp-ipv6 dstportstart='7'/></rule>" \
    "  <rule action='drop' direction='out' priority='800'><udp/></rule>"
}

@test "counts survive a rebind, a redefinition and apply" {
  make_ports
  sysctl -qw net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1
  traffic_filter a | define_text a
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter a
  send_frames 3 7
  send_frames 2 9
  send_frames 4 7 ip6
  local before
  before=$(packets)
  has "$before" 'v0 bridge nat nwgate-I-v0' 'v0 ip filter FI-v0 -p udp -m udp --dport 7 -m conntrack --ctstate NEW,ESTABLISHED -m conntrack --ctdir ORIGINAL -j RETURN 3' \
    'v0 ip6 filter FI-v0' 'v0 ip filter FI-v0 -p udp -j DROP 2'
  traffic_filter b "  <rule action='drop' direction='in'><tcp srcportstart='99'/></rule>" | define_text b
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter b
  same "$before" "$(packets)"
  traffic_filter b "  <rule action='drop' direction='out' priority='400'><tcp srcportstart='98'/></rule>" | define_text b
  same "$before" "$(packets)"
  iptables -A FI-v0 -s 192.0.2.1 -j ACCEPT
  nwgate apply
  same "$before" "$(packets)"
}

@test "a rule whose line alone has moved keeps its counts" {
  make_ports
  sysctl -qw net.bridge.bridge-nf-call-iptables=1
  traffic_filter a | define_text a
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter a
  send_frames 3 7
  local before
  before=$(packets)
  has "$(nwgate chains v0)" a.xml:3:3
  traffic_filter a '  <!-- a remark -->' '' | define_text a
  same "$before" "$(packets)"
  has "$(nwgate chains v0)" a.xml:5:3
  lacks "$(nwgate chains v0)" a.xml:2:3
  send_frames 1 7
  has "$(packets)" '-j RETURN 4'
}

@test "what changes nothing commits nothing" {
  all_layers a 11 | define_text a
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter a
  nwgate bind --port v1 --mac 52:54:00:00:00:02 --filter clean-traffic -p IP=10.0.0.1
  local generation
  generation=$(generation)
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter a
  nwgate bind --port v1 --mac 52:54:00:00:00:02 --filter clean-traffic -p IP=10.0.0.1
  nwgate apply
  nwgate define a.xml
  nwgate diff
  same "$generation" "$(generation)"
  nwgate bind --port v1 --mac 52:54:00:00:00:02 --filter clean-traffic -p IP=10.0.0.2
  same "$((generation + 1))" "$(generation)"
}

@test "another IP changes the rules that name it, and no other" {
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter clean-traffic -p IP=10.0.0.1 -p IP=10.0.0.3
  local before after
  before=$(nft -a -s list table bridge nat)
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter clean-traffic -p IP=10.0.0.2 -p IP=10.0.0.3
  after=$(nft -a -s list table bridge nat)
  has "$(nwgate chains v0 --format xtables)" '--ip-src 10.0.0.2 -j RETURN' '--arp-ip-src 10.0.0.2 -j RETURN' '--ip-src 10.0.0.3 -j RETURN'
  same "$(ebtables-save | grep -c 'src 10.0.0.1')" 0
  # Everything that is not in both: two rules before, two after.
  same "$(comm -3 <(sort <<<"$before") <(sort <<<"$after") | wc -l)" 4
}

@test "define brings a filter to all its bindings at once" {
  all_layers base 11 | define_text base
  filter top "  <filterref filter='base'/>" | define_text top
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter base
  nwgate bind --port v1 --mac 52:54:00:00:00:02 --filter top
  nwgate bind --port v2 --mac 52:54:00:00:00:03 --filter clean-traffic -p IP=10.0.0.1
  local generation
  generation=$(generation)
  all_layers base 44 | define_text base
  same "$((generation + 1))" "$(generation)"
  same "$(iptables -S | grep -c 'port 44')" 6
  same "$(iptables -S | grep -c 'port 11')" 0
  nwgate diff
}

@test "define changes nothing when one binding would break" {
  all_layers base 11 | define_text base
  filter top "  <filterref filter='base'/>" | define_text top
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter base -p NEW=10.0.0.9
  nwgate bind --port v1 --mac 52:54:00:00:00:02 --filter top
  local kernel files generation
  kernel=$(everything) files=$(files) generation=$(generation)
  filter base "  <rule action='drop' direction='out'><ip srcipaddr='\$NEW'/></rule>" >base.xml
  fails 3 nwgate define base.xml
  has "$error" NWG305 '$NEW has no value' bindings/v1.xml:5:3 base.xml:2:3
  lacks "$error" v0.xml
  same "$kernel" "$(everything)"
  same "$files" "$(files)"
  same "$generation" "$(generation)"
  # Several files at once: all or nothing.
  all_layers other 55 >other.xml
  fails 3 nwgate define other.xml base.xml
  fails 3 nwgate show other
  same "$files" "$(files)"
}

@test "define does not mind a binding that is broken anyway" {
  all_layers base 11 | define_text base
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter base
  mkdir -p "$root/etc/nwgate/bindings"
  binding v9 base | sed 's/52:54/no/' >"$root/etc/nwgate/bindings/v9.xml"
  binding v8 missing >"$root/etc/nwgate/bindings/v8.xml"
  all_layers base 22 | define_text base
  has "$(iptables -S FI-v0)" 'port 22'
}

@test "undefine of a filter in use is refused, and names the users" {
  all_layers base 11 | define_text base
  filter top "  <filterref filter='base'/>" | define_text top
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter base
  nwgate bind --port v1 --mac 52:54:00:00:00:02 --filter top
  local kernel files
  kernel=$(everything) files=$(files)
  fails 3 nwgate undefine base
  has "$error" NWG603 'included by top' 'in use by v0, v1'
  fails 3 nwgate undefine top
  has "$error" NWG603 'in use by v1'
  same "$kernel" "$(everything)"
  same "$files" "$(files)"
  nwgate unbind v1
  nwgate undefine top
  nwgate unbind v0
  nwgate undefine base
  fails 3 nwgate show base
}

@test "undefine of an override brings the shipped filter back into the kernel" {
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter clean-traffic -p IP=10.0.0.1
  local shipped
  shipped=$(ebtables-save | stateless)
  filter no-mac-spoofing "  <rule action='drop' direction='out' priority='-950'><mac srcmacaddr='02:00:00:00:00:09'/></rule>" |
    sed "1s/>/ chain='mac' priority='-800'>/" | define_text no-mac-spoofing
  has "$(ebtables-save)" '-s 02:00:00:00:00:09 -j DROP'
  nwgate undefine no-mac-spoofing
  same "$shipped" "$(ebtables-save | stateless)"
  nwgate diff
  fails 3 nwgate undefine no-mac-spoofing
  has "$error" NWG608
}

# drifts EXPECTED COMMAND...: diff must show each line of EXPECTED after the command, apply must mend it.
drifts() {
  local expected=$1 line
  shift
  "$@"
  fails 1 nwgate diff
  while read -r line; do has "$output" "$line"; done <<<"$expected"
  fails 1 nwgate --json diff
  python3 -m json.tool >/dev/null <<<"$output"
  nwgate apply
  fails 0 nwgate diff
  same "$output$error" ''
  same "$(iptables-save -t filter | stateless | sort; ip6tables-save -t filter | stateless | sort; ebtables-save | stateless | sort)" "$healthy"
}

@test "diff shows and apply mends what others have done" {
  all_layers a 11 | define_text a
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter a
  nwgate bind --port v1 --mac 52:54:00:00:00:02 --filter clean-traffic -p IP=10.0.0.1
  healthy=$(iptables-save -t filter | stateless | sort; ip6tables-save -t filter | stateless | sort; ebtables-save | stateless | sort)
  drifts 'missing   ip filter -A FI-v0 -p tcp
missing   ip filter -A nwgate-in
missing   ip filter -A FORWARD -j nwgate-in' iptables -F
  drifts 'missing   ip filter -A FO-v0
missing   ip filter -A HI-v0' bash -c 'iptables -F; iptables -X'
  drifts 'missing   bridge nat -A PREROUTING
missing   bridge nat -A I-v1-mac' ebtables -t nat -F
  drifts 'missing   bridge nat chain I-v1-mac' bash -c 'ebtables -t nat -F; ebtables -t nat -X'
  drifts 'missing   ip6 filter -A FORWARD -j nwgate-out' ip6tables -D FORWARD -j nwgate-out
  drifts 'missing   ip filter -A nwgate-host-in' iptables -F nwgate-host-in
  drifts 'missing   bridge nat -A POSTROUTING -o v1 -j nwgate-O-v1' ebtables -t nat -D POSTROUTING -o v1 -j nwgate-O-v1
  drifts 'foreign   ip filter -A FI-v0 -s 192.0.2.1/32 -j ACCEPT' iptables -I FI-v0 1 -s 192.0.2.1 -j ACCEPT
  drifts 'foreign   bridge nat -A I-v1-mac -p 0x1234 -j ACCEPT' ebtables -t nat -A I-v1-mac -p 0x1234 -j ACCEPT
  drifts 'foreign   ip filter -A FI-v0' nft add rule ip filter FI-v0 ct state new accept
  drifts 'missing   ip filter
missing   bridge nat
missing   ip6 filter chain FI-v0' nft flush ruleset
  drifts 'missing   ip6 filter chain FI-v0' nft delete table ip6 filter
  drifts 'missing   bridge nat -A nwgate-I-v0' ebtables -t nat -P nwgate-I-v0 DROP
}

@test "diff shows what a change of the documents would do" {
  all_layers a 11 | define_text a
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter a
  mkdir -p "$root/etc/nwgate/filters"
  all_layers a 22 >"$root/etc/nwgate/filters/a.xml"
  fails 1 nwgate diff
  has "$output" 'missing   ip filter -A FO-v0 -p tcp -m tcp --dport 22' 'left over ip filter -A FO-v0 -p tcp -m tcp --dport 11' a.xml:3:3
  nwgate apply
  fails 0 nwgate diff
  rm "$root/run/nwgate/bindings/v0.xml"
  fails 1 nwgate diff
  has "$output" 'left over ip filter chain FI-v0'
  nwgate apply
  same "$(nft list ruleset)" ''
}

@test "a broken binding blocks no other and keeps its rules" {
  all_layers a 11 | define_text a
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter a
  nwgate bind --port v1 --mac 52:54:00:00:00:02 --filter a
  nwgate bind --port v2 --mac 52:54:00:00:00:03 --filter a
  local v1
  v1=$(iptables -S FI-v1)
  echo '<filterbinding>' >"$root/run/nwgate/bindings/v1.xml"
  iptables -F FI-v0
  ebtables -t nat -F nwgate-I-v1
  fails 1 bash -c '"$NWGATE" --root "$0" --layout xtables diff 2>/dev/null; [ $? = 3 ] && exit 1' "$root"
  has "$output" 'missing   ip filter -A FI-v0'
  lacks "$output" v1
  fails 3 nwgate apply
  has "$error" bindings/v1.xml:
  has "$(iptables -S FI-v0)" 'port 11'
  same "$v1" "$(iptables -S FI-v1)"
  has "$(nwgate bindings 2>&1)" 'v1    (broken)'
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter clean-traffic -p IP=10.0.0.1
  nwgate unbind v2
  same "$v1" "$(iptables -S FI-v1)"
  # A binding whose filter is gone is broken too; it can be unbound.
  all_layers gone 33 | define_text gone
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter gone
  rm "$root/var/lib/nwgate/filters/gone.xml"
  fails 3 nwgate apply
  has "$error" NWG301 gone
  has "$(iptables -S FI-v0)" 'port 33'
  nwgate unbind v0
  nwgate unbind v1
  same "$(nft list ruleset)" ''
}

@test "a binding that the kernel cannot take blocks no other" {
  all_layers a 11 | define_text a
  filter with-set "  <rule action='accept' direction='in'><all ipset='nwgtest' ipsetflags='src'/></rule>" | define_text with-set
  ipset create nwgtest hash:ip
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter with-set
  nwgate bind --port v1 --mac 52:54:00:00:00:02 --filter a
  nft flush ruleset
  ipset destroy nwgtest
  fails 4 nwgate apply
  has "$error" NWG501 with-set.xml:2 nwgtest
  has "$(iptables -S FI-v1)" 'port 11'
  lacks "$(everything)" v0
  fails 4 nwgate diff
  same "$output" ''
}
