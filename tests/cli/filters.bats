#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# nwgate define, undefine, list, show.
load ../kernel/lifecycle/helpers

@test "define keeps a filter as it is written; list and show tell it" {
  all_layers mine 11 >mine.xml
  fails 0 nwgate define mine.xml
  same "$output$error" ''
  same "$(nwgate show mine)" "$(cat mine.xml)"
  has "$(nwgate list)" 'NAME ' 'PRIORITY' "mine " "$root/var/lib/nwgate/filters/mine.xml"
  nwgate --json list | python3 -c '
import json, sys
mine = next(f for f in json.load(sys.stdin) if f["name"] == "mine")
assert mine["chain"] == "root" and mine["priority"] == 0 and mine["file"].endswith("/mine.xml"), mine'
  fails 0 nwgate undefine mine
  same "$output$error" ''
  lacks "$(nwgate list)" 'mine '
}

@test "list has the shipped filters" {
  has "$(nwgate list)" 'clean-traffic ' 'no-arp-ip-spoofing ' 'arp-ip'
  has "$(nwgate show clean-traffic)" "<filter name='clean-traffic'" || has "$(nwgate show clean-traffic)" 'name="clean-traffic"'
}

@test "the administrator's filter wins, and is not defined over" {
  mkdir -p "$root/etc/nwgate/filters"
  all_layers clean-traffic 11 >"$root/etc/nwgate/filters/clean-traffic.xml"
  has "$(nwgate list)" "$root/etc/nwgate/filters/clean-traffic.xml"
  all_layers clean-traffic 22 >clean-traffic.xml
  fails 3 nwgate define clean-traffic.xml
  has "$error" NWG604 "$root/etc/nwgate/filters/clean-traffic.xml"
  fails 3 nwgate undefine clean-traffic
  has "$error" NWG604
}

@test "mistakes: nothing is kept, exit code 3" {
  filter bad "  <rule action='drip' direction='out'/>" >bad.xml
  all_layers good 11 >good.xml
  fails 3 nwgate define good.xml bad.xml
  has "$error" bad.xml:2:9: NWG204
  fails 3 nwgate --json define bad.xml
  python3 -m json.tool >/dev/null <<<"$error"
  fails 3 nwgate show good
  has "$error" "nwgate: there is no filter named 'good'"
  fails 3 nwgate define missing.xml
  has "$error" NWG606 missing.xml 'No such file'
  fails 3 nwgate undefine good
  has "$error" NWG301 "'good'"
  fails 3 nwgate undefine clean-traffic
  has "$error" NWG608
  mkdir -p "$root/etc/nwgate/filters"
  cp good.xml "$root/etc/nwgate/filters"
  fails 3 nwgate undefine ../../../../etc/nwgate/filters/good
  has "$error" NWG301
  fails 3 nwgate show ../filters/good
}

@test "a UUID belongs to one name" {
  local uuid=11111111-2222-3333-4444-555555555555
  filter one "  <uuid>$uuid</uuid>" | define_text one
  filter two "  <uuid>$uuid</uuid>" >two.xml
  fails 3 nwgate define two.xml
  has "$error" NWG602 "'one'"
  filter one "  <uuid>21111111-2222-3333-4444-555555555555</uuid>" >one.xml
  fails 3 nwgate define one.xml
  has "$error" NWG602
  filter one | define_text one
}

@test "a broken file is listed as broken, with the error; others are listed" {
  mkdir -p "$root/etc/nwgate/filters"
  echo '<filter' >"$root/etc/nwgate/filters/broken.xml"
  all_layers other-name 11 >"$root/etc/nwgate/filters/wrong-name.xml"
  fails 3 nwgate list
  has "$output" 'broken ' '(broken)' 'clean-traffic'
  has "$error" broken.xml: NWG101 NWG601 "'other-name.xml'"
  fails 3 nwgate --json list
  python3 -m json.tool >/dev/null <<<"$output"
  python3 -m json.tool >/dev/null <<<"$error"
}
