# SPDX-License-Identifier: LGPL-2.1-or-later
# Processes that serve and talk over TCP and UDP, in network namespaces and cgroups. A test ends those in $started.
# shellcheck shell=bash disable=SC2154
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

# talks CGROUP|- PLACE tcp|udp|connected ADDRESS PORT [SOURCE]: gets the answer, from that address of its own. `udp` is a socket
# that is not connected.
talks() {
  local command
  command_in "$1" "$2" timeout 20 python3 -c '
import socket, sys
patience, kind, address, port = float(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET,
                  socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
s.settimeout(patience)
if sys.argv[5:]: s.bind((sys.argv[5], 0))
if kind != "udp": s.connect((address, port))
if kind == "connected": s.send(b"x")
if kind == "udp": s.sendto(b"x", (address, port))
sys.exit(s.recvfrom(9)[0] != b"hello")' "${patience:-5}" "${@:3}"
  "${command[@]}" 2>/dev/null || { echo "no answer: $*"; return 1; }
}
is_silent() { if patience=0.5 talks "$@" >/dev/null; then echo "an answer: $*"; return 1; fi; }
