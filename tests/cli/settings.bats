#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# /etc/nwgate/nwgate.conf.
load ../kernel/lifecycle/helpers

settings() {
  mkdir -p "$root/etc/nwgate"
  printf '%s\n' "$@" >"$root/etc/nwgate/nwgate.conf"
}

@test "filter-directory: further directories, in their order, behind the administrator's" {
  export LAYOUT=xtables
  mkdir one two
  all_layers mine 11 >one/mine.xml
  all_layers mine 22 >two/mine.xml
  all_layers other 33 >two/other.xml
  settings '# a remark' "filter-directory = $PWD/one" "filter-directory = $PWD/two"
  has "$(nwgate list)" "$PWD/one/mine.xml" "$PWD/two/other.xml"
  lacks "$(nwgate list)" "$PWD/two/mine.xml"
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter other
  has "$(iptables -S FO-v0)" 'dport 33'
}

@test "libvirt's own directory can be given" {
  [ -d /etc/libvirt/nwfilter ] || skip 'libvirt is not installed'
  settings 'filter-directory = /etc/libvirt/nwfilter'
  has "$(nwgate list)" /etc/libvirt/nwfilter/clean-traffic.xml
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter clean-traffic -p IP=10.0.0.1
  nwgate diff
}

@test "chain-prefix, and the command line over it" {
  export LAYOUT=xtables
  settings 'chain-prefix = libvirt'
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter clean-traffic -p IP=10.0.0.1
  has "$(ebtables-save)" ':libvirt-I-v0 ACCEPT'
  nwgate diff
  nwgate unbind v0
  nwgate --chain-prefix other bind --port v0 --mac 52:54:00:00:00:01 --filter clean-traffic -p IP=10.0.0.1
  has "$(ebtables-save)" ':other-I-v0 ACCEPT'
  # With the setting again, the chains get its names.
  nwgate apply
  lacks "$(ebtables-save)" other-
  has "$(ebtables-save)" ':libvirt-I-v0 ACCEPT'
}

@test "limits" {
  export LAYOUT=xtables
  all_layers a 11 >a.xml
  filter top "  <filterref filter='middle'/>" >top.xml
  filter middle "  <filterref filter='a'/>" >middle.xml
  binding v0 a >v0.xml
  settings 'max-rules = 3'
  fails 3 nwgate check a.xml v0.xml
  has "$error" NWG304
  settings 'max-document-size = 100'
  fails 3 nwgate check a.xml
  has "$error" NWG102
  settings 'max-nesting = 2'
  fails 3 nwgate check a.xml
  has "$error" NWG103
  settings 'max-include-depth = 1'
  fails 3 nwgate check top.xml middle.xml a.xml
  has "$error" NWG303
  settings ''
  fails 0 nwgate check top.xml middle.xml a.xml
}

@test "mistakes are told with file and line, NWG607, exit code 3" {
  settings '# a remark' '' 'layout = xtables' '  chain-prefx = libvirt'
  fails 3 nwgate list
  has "$error" "$root/etc/nwgate/nwgate.conf:4:3: error: " NWG607 chain-prefx
  settings 'max-rules = many'
  fails 3 nwgate list
  has "$error" nwgate.conf:1:1: NWG607 many
  settings 'max-rules = -1'
  fails 3 nwgate list
  has "$error" nwgate.conf:1:1: NWG607
  settings 'layout = xtables' 'layout = xtables'
  fails 3 nwgate list
  has "$error" nwgate.conf: NWG607
  settings 'chain-prefix libvirt'
  fails 3 nwgate list
  has "$error" nwgate.conf: NWG607
  settings 'layout = nonsense'
  fails 3 nwgate list
  has "$error" nwgate.conf:1:1: NWG607 nonsense
  settings 'chain-prefix = two words'
  fails 3 nwgate list
  has "$error" nwgate.conf:1:1: NWG607 'two words'
}
