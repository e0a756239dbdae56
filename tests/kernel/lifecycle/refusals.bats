#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What cannot be done is said in one clear message, and nothing has changed.
load helpers

# refused CODE COMMAND...: fails, and leaves kernel and documents as they were.
refused() {
  local kernel files generation
  kernel=$(everything) files=$(files) generation=$(generation)
  fails "$@"
  same "$kernel" "$(everything)"
  same "$files" "$(files)"
  same "$generation" "$(generation)"
}

unprivileged() { setpriv --bounding-set -all --inh-caps -all --reuid 65534 --regid 65534 --clear-groups "$@"; }
# Still root for files, without CAP_NET_ADMIN.
without_net_admin() { setpriv --bounding-set -net_admin --inh-caps -net_admin "$@"; }

@test "a set that does not exist is an error at the rule's place" {
  filter with-set '' "  <rule action='accept' direction='in'><all ipset='nwgtest' ipsetflags='src'/></rule>" >with-set.xml
  nwgate define with-set.xml
  refused 4 nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter with-set
  has "$error" with-set.xml:3:3: NWG501 nwgtest
  ipset create nwgtest hash:ip
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter with-set
  has "$(iptables -S FO-v0)" '--match-set nwgtest src'
  nwgate unbind v0
  ipset destroy nwgtest
}

@test "a rule that the kernel refuses is named with file, line, column and the kernel's words" {
  # The kernel takes no REJECT in chains that packets reach before they are routed.
  filter inner "  <rule action='accept' direction='out'><udp/></rule>" "  <rule action='reject' direction='out'><tcp/></rule>" >inner.xml
  filter top "  <filterref filter='inner'/>" >top.xml
  nwgate define inner.xml top.xml
  all_layers plain 11 | define_text plain
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter plain
  nft add chain ip filter early '{ type filter hook prerouting priority 0; }'
  nft add rule ip filter early jump FI-v0
  refused 4 nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter top
  has "$error" inner.xml:3:3: NWG502 'the kernel refuses this rule: Invalid argument' top.xml:2:3: 'as -A FI-v0 -p tcp -j REJECT'
  lacks "$error" inner.xml:2:3
  # define says so as well.
  filter plain "  <filterref filter='inner'/>" >plain.xml
  refused 4 nwgate define plain.xml
  has "$error" inner.xml:3:3: NWG502 plain.xml:2:3:
  # apply goes on with the others.
  nwgate bind --port v1 --mac 52:54:00:00:00:02 --filter plain
  iptables -F FI-v1
  mkdir -p "$root/etc/nwgate/bindings"
  binding v0 top >"$root/etc/nwgate/bindings/v0.xml"
  local v0
  v0=$(nft -a list chain ip filter FI-v0)
  fails 4 nwgate apply
  has "$error" inner.xml:3:3: NWG502
  same "$v0" "$(nft -a list chain ip filter FI-v0)"
  has "$(iptables -S FI-v1)" 'port 11'
}

@test "without CAP_NET_ADMIN there is one clear line" {
  all_layers a 11 | define_text a
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter a
  nwgate bind --port v1 --mac 52:54:00:00:00:02 --filter a
  iptables -F FI-v0
  all_layers a 22 >a.xml
  local command
  for command in 'bind --port v0 --mac 52:54:00:00:00:01 --filter clean-traffic -p IP=10.0.0.1' 'unbind v0' 'apply' 'define a.xml'; do
    # shellcheck disable=SC2086 # words
    refused 4 without_net_admin "$NWGATE" --root "$root" ${LAYOUT:+--layout "$LAYOUT"} $command
    has "$error" 'nwgate: ' 'CAP_NET_ADMIN'
    same "$(wc -l <<<"$error")" 1
  done
}

@test "an ordinary user gets one clear line" {
  all_layers a 11 | define_text a
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter a
  chmod -R a+rX "$BATS_RUN_TMPDIR"
  local command
  for command in 'bind --port v1 --mac 52:54:00:00:00:01 --filter a' 'unbind v0' 'apply' 'define a.xml' 'undefine a'; do
    # shellcheck disable=SC2086 # words
    refused 4 unprivileged "$NWGATE" --root "$root" ${LAYOUT:+--layout "$LAYOUT"} $command
    has "$error" 'nwgate: ' 'ermi'
    same "$(wc -l <<<"$error")" 1
  done
  # Reading the kernel needs the privilege as well; documents do not.
  for command in chains diff; do
    fails 4 unprivileged "$NWGATE" --root "$root" ${LAYOUT:+--layout "$LAYOUT"} $command
    has "$error" 'nwgate: ' 'CAP_NET_ADMIN'
    same "$(wc -l <<<"$error")" 1
  done
  for command in list bindings 'show a' 'check a.xml'; do
    # shellcheck disable=SC2086 # words
    fails 0 unprivileged "$NWGATE" --root "$root" ${LAYOUT:+--layout "$LAYOUT"} $command
  done
}

# refuses_all MOUNTPOINT: each command that writes there.
refuses_all() {
  local command
  all_layers a 22 >a.xml
  all_layers b 33 >b.xml
  for command in "$@"; do
    # shellcheck disable=SC2086 # words
    refused 4 nwgate $command
    has "$error" 'nwgate: cannot ' "$root/"
    same "$(wc -l <<<"$error")" 1
  done
}

@test "read-only directories: one clear line, nothing changes" {
  all_layers a 11 | define_text a
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter a
  mount --bind "$root/run" "$root/run"
  mount -o remount,ro,bind "$root/run"
  refuses_all 'bind --port v0 --mac 52:54:00:00:00:01 --filter clean-traffic -p IP=10.0.0.1' 'unbind v0' 'define a.xml' apply
  umount "$root/run"
  all_layers b 22 | define_text b
  mount --bind "$root/var" "$root/var"
  mount -o remount,ro,bind "$root/var"
  refuses_all 'define a.xml' 'undefine b'
  umount "$root/var"
  # The lock is elsewhere than what must go.
  mkdir -p "$root/run/nwgate/bindings"
  mount --bind "$root/run/nwgate/bindings" "$root/run/nwgate/bindings"
  mount -o remount,ro,bind "$root/run/nwgate/bindings"
  refuses_all 'bind --port v0 --mac 52:54:00:00:00:01 --filter b' 'unbind v0'
  umount "$root/run/nwgate/bindings"
}

@test "full directories: one clear line, nothing changes" {
  all_layers a 11 | define_text a
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter a
  local directory
  for directory in run/nwgate/bindings var/lib/nwgate/filters; do
    mount -t tmpfs -o size=64k none "$root/$directory"
    dd if=/dev/zero of="$root/$directory/filler" bs=1k 2>/dev/null || true
    all_layers a 22 >a.xml
    if [ $directory = run/nwgate/bindings ]; then
      refused 4 nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter clean-traffic -p IP=10.0.0.1
    else
      refused 4 nwgate define a.xml
    fi
    has "$error" 'nwgate: cannot write ' 'No space left on device'
    same "$(find "$root/$directory" -type f | wc -l)" 1
    umount "$root/$directory"
  done
}

@test "a chain that somebody's rule leads to cannot go, and the message says so" {
  all_layers a 11 | define_text a
  nwgate bind --port v0 --mac 52:54:00:00:00:01 --filter a
  nwgate bind --port v1 --mac 52:54:00:00:00:02 --filter a
  iptables -A OUTPUT -j FI-v0
  refused 4 nwgate unbind v0
  has "$error" NWG502 "'FI-v0'" 'Device or resource busy' 'delete that rule first'
  # A rebind that keeps the chain is no problem, and apply removes what it can.
  all_layers a 22 | define_text a
  rm "$root"/run/nwgate/bindings/v?.xml
  fails 4 nwgate apply
  has "$error" "'FI-v0'" 'delete that rule first'
  lacks "$(everything)" v1
  iptables -D OUTPUT -j FI-v0
  nwgate apply
  same "$(nft list ruleset)" ''
}
