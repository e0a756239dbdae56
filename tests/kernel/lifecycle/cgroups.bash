# SPDX-License-Identifier: LGPL-2.1-or-later
# What the tests of cgroups share: cgroups below one of the test's own, $top, which go with it. Needs helpers and sockets.
# shellcheck shell=bash disable=SC2154,SC2034
eval "$(declare -f setup | sed '1s/setup/setup_root/')"

setup() {
  setup_root
  cgroup2=$(awk '$0 ~ / - cgroup2 / && $4 == "/" { print $5; exit }' /proc/self/mountinfo)
  [ -n "$cgroup2" ] || skip 'cgroup2 is mounted nowhere'
  backend=${BACKEND:-nftables}
  access=ip-access
  if [ "$backend" = bpf ]; then
    mount -t bpf none /sys/fs/bpf || skip 'this kernel has no bpffs'
    access=ip-access-drop # neither rejects nor looks at connections
  fi
  top=/nwgate-test-$$-$RANDOM
  mkdir "$cgroup2$top"
}

teardown() {
  local pid i
  for pid in ${started:-} ${peer:-}; do kill -9 "$pid" 2>/dev/null || true; done
  ip link delete v0 2>/dev/null || true
  if [ -n "${net_cls:-}" ]; then
    for ((i = 0; i < 250; i++)); do ! rmdir "$net_cls$top" 2>/dev/null || break; sleep 0.02; done
    umount "$net_cls"
  fi
  [ "$backend" != bpf ] || umount /sys/fs/bpf || true
  [ -d "$cgroup2${top:-/missing}" ] || return 0
  echo 1 >"$cgroup2$top/cgroup.kill" || true # Linux 5.14
  for ((i = 0; i < 250; i++)); do # ended processes leave their cgroups after a while
    find "$cgroup2$top" -depth -type d -exec rmdir {} \; 2>/dev/null || true
    [ -d "$cgroup2$top" ] || return 0
    sleep 0.02
  done
  echo "$cgroup2$top stays"
  return 1
}

# Another network namespace behind v0: 10.9.0.2, fd09::2. We are 10.9.0.1, fd09::1.
make_peer() {
  unshare --net sleep 3600 >/dev/null 2>&1 3>&- &
  peer=$!
  until [ "$(readlink "/proc/$peer/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
  ip link add v0 type veth peer name e0 netns "$peer"
  ip address add 10.9.0.1/24 dev v0
  ip address add fd09::1/64 dev v0 nodad
  ip link set v0 up
  at "$peer" ip link set lo up
  at "$peer" ip address add 10.9.0.2/24 dev e0
  at "$peer" ip address add fd09::2/64 dev e0 nodad
  at "$peer" ip link set e0 up
}

# bind CGROUP FILTER [NAME=VALUE]...
bind() {
  local cgroup=$1 filter=$2 parameter parameters=()
  shift 2
  for parameter; do parameters+=(-p "$parameter"); done
  fails 0 nwgate bind --backend "$backend" --cgroup "$top$cgroup" --filter "$filter" "${parameters[@]}"
}

start_watch() {
  "$NWGATE" --root "$root" ${LAYOUT:+--layout "$LAYOUT"} watch >"$BATS_TEST_TMPDIR/watched" 2>"$BATS_TEST_TMPDIR/watch-errors" 3>&- &
  watcher=$!
  started="${started:-} $watcher"
}
# told COUNT LINE: within 20 s nwgate watch has printed the line as often.
told() {
  local i
  for ((i = 0; i < 2000; i++)); do
    [ "$(grep -Fxc -- "$2" "$BATS_TEST_TMPDIR/watched")" -lt "$1" ] || return 0
    sleep 0.01
  done
  echo "not told $1 times: $2"
  cat "$BATS_TEST_TMPDIR/watched" "$BATS_TEST_TMPDIR/watch-errors"
  return 1
}

leaves_nothing() {
  fails 0 nwgate diff
  same "$output" ''
  fails 0 nwgate unbind "$@"
  fails 0 nwgate diff
  same "$(nft list ruleset)" ''
}
