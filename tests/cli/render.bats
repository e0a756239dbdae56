#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# nwgate render: every form, without privileges and without touching the kernel.
load ../kernel/lifecycle/helpers

unprivileged() { setpriv --bounding-set -all --inh-caps -all --reuid 65534 --regid 65534 --clear-groups "$@"; }

@test "every form, as an ordinary user" {
  all_layers a 11 | define_text a
  filter with-set "  <rule action='accept' direction='in'><all ipset='no-such-set' ipsetflags='src'/></rule>" | define_text with-set
  chmod -R a+rX "$BATS_RUN_TMPDIR"
  local name format
  for name in a clean-traffic with-set; do
    binding v0 $name IP=10.0.0.1 >v0.xml
    for format in program xtables nft json; do
      fails 0 unprivileged "$NWGATE" --root "$root" ${LAYOUT:+--layout "$LAYOUT"} render v0.xml --format $format
      same "$error" ''
      [ -n "$output" ]
      [ $format != json ] || python3 -m json.tool >/dev/null <<<"$output"
    done
    fails 0 unprivileged "$NWGATE" --root "$root" ${LAYOUT:+--layout "$LAYOUT"} render v0.xml --slots
    fails 0 unprivileged "$NWGATE" --root "$root" ${LAYOUT:+--layout "$LAYOUT"} render v0.xml --slots --format json
    python3 -m json.tool >/dev/null <<<"$output"
  done
  same "$(nft list ruleset)" ''
}

@test "what the tools restore is what bind commits" {
  all_layers a 11 | define_text a
  binding v0 a >v0.xml
  nwgate render v0.xml --format xtables >text
  has "$(<text)" '# ebtables' '# iptables' '# ip6tables' COMMIT
  local tool
  for tool in ebtables iptables ip6tables; do
    sed -n "/^# $tool\$/,/^# /p" text | grep -v '^#' | $tool-restore
  done
  saved() { iptables-save -t filter | stateless; ip6tables-save -t filter | stateless; ebtables-save | stateless; }
  local restored
  restored=$(saved | sort)
  nft flush ruleset
  nwgate bind v0.xml
  same "$restored" "$(saved | sort)"
}

@test "the slots are shown with --slots, the values without" {
  binding v0 clean-traffic IP=10.0.0.1 IP=10.0.0.2 >v0.xml
  has "$(nwgate render v0.xml)" 10.0.0.1 10.0.0.2
  has "$(nwgate render v0.xml --slots)" '$IP'
  lacks "$(nwgate render v0.xml --slots)" 10.0.0.1
}

@test "mistakes: exit code 3 and nothing on stdout" {
  binding v0 missing >v0.xml
  fails 3 nwgate render v0.xml
  same "$output" ''
  has "$error" v0.xml:4:3: NWG301
  fails 3 nwgate render nothing.xml
  has "$error" NWG606
  echo '<filterbinding>' >v0.xml
  fails 3 nwgate render v0.xml --format nft
  has "$error" NWG101
}

@test "the chain prefix is in what is shown" {
  binding v0 clean-traffic IP=10.0.0.1 >v0.xml
  has "$(nwgate --chain-prefix libvirt render v0.xml --format xtables)" ':libvirt-I-v0 ACCEPT'
}
