# SPDX-License-Identifier: LGPL-2.1-or-later
# What tests of cgroups share. Loaded behind helpers. The cgroups are made below one of the test's own, which goes with it.
# shellcheck shell=bash disable=SC2034 # the tests read some variables
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
  unshare --net sleep 120 >/dev/null 2>&1 3>&- &
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

at() { # at PID|host COMMAND...
  local where=$1
  shift
  if [ "$where" = host ]; then "$@"; else nsenter --net="/proc/$where/ns/net" "$@"; fi
}

# command_in CGROUP|- PLACE COMMAND...: fills $command with one that runs it in a cgroup below the test's own, and in a namespace.
command_in() {
  local cgroup=$1 place=$2
  command=("${@:3}")
  [ "$place" = host ] || command=(nsenter --net="/proc/$place/ns/net" "${command[@]}")
  # shellcheck disable=SC2016 # the inner shell expands
  [ "$cgroup" = - ] || command=(bash -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$cgroup2$top$cgroup" "${command[@]}")
}
within() { # within CGROUP|- COMMAND...
  local command
  command_in "$1" host "${@:2}"
  "${command[@]}"
}

# serve CGROUP|- PLACE PORT: answers TCP and UDP, IPv4 and IPv6, with `hello`.
serve() {
  local ready="$BATS_TEST_TMPDIR/ready-$RANDOM$RANDOM" i command
  command_in "$1" "$2" python3 -c '
import socket, sys, threading
tcp = socket.create_server(("::", int(sys.argv[1])), family=socket.AF_INET6, dualstack_ipv6=True)
def answer(family, address):
    udp = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6: udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    udp.bind((address, int(sys.argv[1])))
    def loop():
        while True:
            try: udp.sendto(b"hello", udp.recvfrom(99)[1])
            except OSError: pass
    threading.Thread(target=loop, daemon=True).start()
answer(socket.AF_INET, "0.0.0.0")
answer(socket.AF_INET6, "::")
open(sys.argv[2], "w").close()
while True:
    accepted = tcp.accept()[0]
    try: accepted.send(b"hello")
    except OSError: pass' "$3" "$ready"
  "${command[@]}" >/dev/null 2>&1 3>&- &
  started="${started:-} $!"
  for ((i = 0; i < 250; i++)); do
    [ ! -e "$ready" ] || return 0
    sleep 0.02
  done
  echo "nothing serves: $*"
  return 1
}

# talks CGROUP|- PLACE tcp|udp|connected ADDRESS PORT: gets the answer. `udp` is a socket that is not connected.
talks() {
  local command
  command_in "$1" "$2" timeout 5 python3 -c '
import socket, sys
kind, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET,
                  socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
s.settimeout(0.5)
if kind != "udp": s.connect((address, port))
if kind == "connected": s.send(b"x")
if kind == "udp": s.sendto(b"x", (address, port))
sys.exit(s.recvfrom(9)[0] != b"hello")' "${@:3}"
  "${command[@]}" 2>/dev/null || { echo "no answer: $*"; return 1; }
}
is_silent() { if talks "$@" >/dev/null; then echo "an answer: $*"; return 1; fi; }

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
# told COUNT LINE: within 5 s nwgate watch has printed the line as often.
told() {
  local i
  for ((i = 0; i < 500; i++)); do
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
