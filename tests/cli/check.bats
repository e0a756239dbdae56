#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# nwgate check.
load ../kernel/lifecycle/helpers

@test "a good filter: exit code 0, no output" {
  all_layers a 11 >a.xml
  fails 0 nwgate check a.xml
  same "$output$error" ''
  fails 0 nwgate --json check a.xml
  same "$(python3 -c 'import json, sys; print(json.load(sys.stdin))' <<<"$output")" '[]'
}

@test "mistakes: file, line, column, id; exit code 3" {
  filter bad "  <rule action='drip' direction='out'/>" "  <rule action='drop' direction='out'><ip srcipadr='10.0.0.1'/></rule>" >bad.xml
  fails 3 nwgate check bad.xml
  has "$error" 'bad.xml:2:9: error: ' '[NWG204]' 'bad.xml:3:43: error: ' '[NWG107]' '^'
  same "$output" ''
  fails 3 nwgate --json check bad.xml
  same "$error" ''
  same "$(python3 -c '
import json, sys
for d in json.load(sys.stdin): print(d["id"], d["line"], d["severity"])' <<<"$output")" 'NWG204 2 error
NWG107 3 error'
}

@test "warnings do not change the exit code" {
  filter w "  <rule action='reject' direction='out'><mac/></rule>" >w.xml
  fails 0 nwgate check w.xml
  has "$error" 'w.xml:2:3: warning: ' '[NWG412]'
}

@test "filters of one command line may include each other" {
  filter top "  <filterref filter='inner'/>" >top.xml
  all_layers inner 11 >inner.xml
  fails 3 nwgate check top.xml
  has "$error" 'top.xml:2:3: error: ' NWG301
  fails 0 nwgate check top.xml inner.xml
  filter inner "  <filterref filter='top'/>" >inner.xml
  fails 3 nwgate check top.xml inner.xml
  has "$error" NWG302
}

@test "a binding is checked with its values" {
  filter f "  <rule action='drop' direction='out'><ip srcipaddr='\$IP'/></rule>" >f.xml
  binding v0 f >v0.xml
  fails 3 nwgate check f.xml v0.xml
  has "$error" 'v0.xml:4:3: error: $IP has no value [NWG305]'
  binding v0 f IP=10.0.0.1 >v0.xml
  fails 0 nwgate check f.xml v0.xml
  binding v0 f IP=10.0.0.256 >v0.xml
  fails 3 nwgate check f.xml v0.xml
  has "$error" NWG307
}

@test "a file that is not there" {
  fails 4 nwgate check missing.xml
  has "$error" 'nwgate: cannot read missing.xml: No such file or directory'
}

@test "libvirt's own filters are all accepted" {
  [ -d /etc/libvirt/nwfilter ] || skip 'libvirt is not installed'
  fails 0 nwgate check /etc/libvirt/nwfilter/*.xml
  lacks "$error" 'error:'
}

@test "the shipped filters are all accepted, without a warning" {
  fails 0 nwgate check "$(dirname "$NWGATE")"/../share/nwgate/filters/*.xml
  same "$output$error" ''
}
