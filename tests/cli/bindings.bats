#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# nwgate bind, unbind, bindings: where a binding comes from.
load ../kernel/lifecycle/helpers

bound() { nft list chain bridge nat PREROUTING | sed -n 's/.*iifname "\(.*\)" .* jump.*/\1/p' | tr '\n' ' '; }

@test "from a <filterbinding>, with and without an owner" {
  binding v0 clean-traffic IP=10.0.0.1 >v0.xml
  fails 0 nwgate bind v0.xml
  same "$output$error" ''
  sed "s/v0/v1/; s|<filterb.*|&<owner><name>vm</name><uuid>d54df46f-1ab5-4a22-8618-4560ef5f2c2c</uuid></owner>|" v0.xml >v1.xml
  fails 0 nwgate bind v1.xml
  same "$(bound)" 'v0 v1 '
  has "$(nwgate bindings)" 'NAME' 'OWNER' 'v0    clean-traffic  52:54:00:00:00:01  IP=10.0.0.1' 'IP=10.0.0.1  vm     '
  has "$(ebtables-save)" '-A I-v0-ipv4-ip -p IPv4 --ip-src 10.0.0.1 -j RETURN'
}

@test "from a libvirt <interface>" {
  cat >interface.xml <<'XML'
<interface type='bridge'>
  <mac address='52:54:00:00:00:07'/>
  <source bridge='br0'/>
  <target dev='vnet7'/>
  <model type='virtio'/>
  <filterref filter='clean-traffic'>
    <parameter name='IP' value='10.0.0.7'/>
  </filterref>
</interface>
XML
  fails 0 nwgate bind interface.xml
  same "$(bound)" 'vnet7 '
  has "$(nwgate bindings)" 'vnet7  clean-traffic  52:54:00:00:00:07  IP=10.0.0.7'
}

domain() {
  cat <<'XML'
<domain type='kvm'>
  <name>guest</name>
  <uuid>d54df46f-1ab5-4a22-8618-4560ef5f2c2c</uuid>
  <memory>1024</memory>
  <devices>
    <disk type='file'/>
    <interface type='bridge'>
      <mac address='52:54:00:00:00:08'/>
      <target dev='vnet8'/>
      <filterref filter='clean-traffic'><parameter name='IP' value='10.0.0.8'/></filterref>
    </interface>
    <interface type='bridge'>
      <mac address='52:54:00:00:00:09'/>
      <target dev='vnet9'/>
      <filterref filter='clean-traffic'><parameter name='IP' value='10.0.0.9'/></filterref>
    </interface>
    <interface type='bridge'>
      <mac address='52:54:00:00:00:0a'/>
      <target dev='vnet10'/>
    </interface>
  </devices>
</domain>
XML
}

@test "from a libvirt <domain>: both interfaces that have a filter, in one transaction" {
  domain >domain.xml
  local generation
  generation=$(generation)
  fails 0 nwgate bind domain.xml
  same "$((generation + 1))" "$(generation)"
  same "$(bound)" 'vnet8 vnet9 '
  has "$(nwgate bindings)" guest vnet8 vnet9
  # All or nothing.
  domain | sed "s/vnet9/vnet11/; s/value='10.0.0.9'/value='nonsense'/; s/10.0.0.8/10.0.0.88/" >domain.xml
  fails 3 nwgate bind domain.xml
  has "$error" domain.xml: NWG307
  has "$(nwgate bindings)" IP=10.0.0.8
  same "$((generation + 1))" "$(generation)"
  domain | sed "s/vnet9/vnet8/" >domain.xml
  fails 3 nwgate bind domain.xml
  has "$error" NWG605
}

@test "from options, with lists" {
  fails 0 nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter clean-traffic --owner guest -p IP=10.0.0.1 --parameter IP=10.0.0.2
  has "$(nwgate bindings)" 'IP=10.0.0.1 IP=10.0.0.2' guest
  has "$(ebtables-save)" '--ip-src 10.0.0.1 -j' '--ip-src 10.0.0.2 -j'
  nwgate --json bindings | python3 -c '
import json, sys
(b,) = json.load(sys.stdin)
assert b["port"] == "v0" and b["filter"] == "clean-traffic" and b["mac"] == "52:54:00:00:00:01" and b["owner"] == "guest", b
assert b["parameters"] == [{"name": "IP", "value": "10.0.0.1"}, {"name": "IP", "value": "10.0.0.2"}] and b["permanent"] is False, b'
  fails 3 nwgate bind --port v1 --mac 52:54:00:00:00:01 --filter nonsense
  has "$error" NWG301 "'nonsense'" 'command line'
  fails 3 nwgate bind --port v1 --mac 53:54:00:00:00:01 --filter clean-traffic -p IP=10.0.0.1
  has "$error" multicast
  fails 3 nwgate bind --port v1 --mac 52:54:00:00:00:01 --filter clean-traffic -p 'A&B=1'
  has "$error" NWG212
  same "$(bound)" 'v0 '
}

@test "unbind: several, unknown, the administrator's" {
  mkdir -p "$root/etc/nwgate/bindings"
  binding v9 clean-traffic IP=10.0.0.1 >"$root/etc/nwgate/bindings/v9.xml"
  nwgate apply
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter clean-traffic -p IP=10.0.0.1
  nwgate bind --port v1 --mac 52:54:00:00:00:01 --filter clean-traffic -p IP=10.0.0.1
  fails 3 nwgate unbind v0 v7
  has "$error" NWG609 "'v7'"
  same "$(bound)" 'v9 v0 v1 '
  fails 3 nwgate unbind v9
  has "$error" NWG604 "$root/etc/nwgate/bindings/v9.xml"
  fails 3 nwgate bind --port v9 --mac 52:54:00:00:00:01 --filter clean-traffic -p IP=10.0.0.1
  has "$error" NWG604
  # The file itself may be bound.
  fails 0 nwgate bind "$root/etc/nwgate/bindings/v9.xml"
  same "$(nwgate bindings | grep -c v9)" 1
  fails 0 nwgate unbind v0 v1
  same "$output$error" ''
  same "$(bound)" 'v9 '
}

@test "a file of another name or another port is reported" {
  mkdir -p "$root/etc/nwgate/bindings"
  binding v1 clean-traffic IP=10.0.0.1 >"$root/etc/nwgate/bindings/v0.xml"
  fails 3 nwgate bindings
  has "$output" 'v0    (broken)'
  has "$error" NWG601 "'v1.xml'"
  fails 3 nwgate --json bindings
  python3 -m json.tool >/dev/null <<<"$output"
}

@test "a file whose name is no UTF-8" {
  mkdir -p "$root/etc/nwgate/bindings"
  binding v0 clean-traffic >"$root/etc/nwgate/bindings/"$'v\xff.xml'
  fails 3 nwgate bindings --json
  same "$(jq -r '.[].port' <<<"$output")" $'v\uFFFD'
  echo '<nonsense/>' >"$root/etc/nwgate/bindings/:"$'v\xff.xml'
  fails 3 nwgate bindings --json
  same "$(jq -r '.[].broken' <<<"$output")" $'true\ntrue'
}

@test "a path is no port" {
  mkdir -p "$root/etc/nwgate/bindings" "$root/run/nwgate/bindings"
  binding v0 clean-traffic IP=10.0.0.1 >"$root/etc/nwgate/bindings/v0.xml"
  fails 3 nwgate unbind ../../../etc/nwgate/bindings/v0
  has "$error" NWG609
  [ -e "$root/etc/nwgate/bindings/v0.xml" ]
}
