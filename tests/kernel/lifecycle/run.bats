#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# `nwgate run`, and the two backends of cgroups: processes and sockets tell.
load helpers

cgroups=$(sed -n 's/^[^ ]* \([^ ]*\) cgroup2 .*/\1/p' /proc/mounts | head -n 1)

# A neighbour that answers to nothing, behind v0; and a bpffs of the test's own.
neighbour() {
  ip link add v0 type veth peer name g0
  ip address add 10.9.0.1/24 dev v0
  ip link set v0 up
  ip link set g0 up
  mountpoint -q /sys/fs/bpf || mount -t bpf none /sys/fs/bpf
  umount /sys/fs/bpf
  mount -t bpf none /sys/fs/bpf
}
teardown() {
  [ -z "${made:-}" ] || rmdir "$cgroups$made"/* "$cgroups$made" 2>/dev/null || true
  ! ls -d "$cgroups"/nwgate-run-*.scope >/dev/null 2>&1 || rmdir "$cgroups"/nwgate-run-*.scope 2>/dev/null || true
}

# What becomes of UDP to an address, of TCP to the neighbour, and of TCP to ourselves.
try='
import socket, sys
def udp(family, address):
    try:
        socket.socket(family, socket.SOCK_DGRAM).sendto(b"x", (address, 9))
        return "sent"
    except OSError as error:
        return error.strerror
print("udp", udp(socket.AF_INET, "10.9.0.2"))
print("lo4", udp(socket.AF_INET, "127.0.0.1"))
print("lo6", udp(socket.AF_INET6, "::1"))
server = socket.create_server(("127.0.0.1", 0))
print("tcp", "connected" if socket.create_connection(server.getsockname(), 2) else "")
if len(sys.argv) > 1:
    try:
        socket.create_connection(("10.9.0.2", 80), 5)
        print("connected")
    except OSError as error:
        print("to the neighbour:", error.strerror)
'

@test "what a command may not send to fails at once, and is counted" {
  neighbour
  fails 0 nwgate run --filter ip-access -p DENY=any -p ALLOW=localhost --stats -- python3 -c "$try" tcp
  has "$output" 'udp Operation not permitted' 'lo4 sent' 'lo6 sent' 'tcp connected' 'to the neighbour: Connection refused'
  has "$error" 'OUT-DENIED' 'nftables'
  # A packet of UDP, and one of TCP.
  same "$(awk 'NR == 2 { print $6, $12 }' <<<"$error")" '2 2'
  same "$(nft list ruleset)" ''
  same "$(nwgate --json bindings)" '[]'
}

@test "by BPF, as systemd has it" {
  neighbour
  fails 0 nwgate run --filter ip-access-drop -p IPAddressDeny=any -p 'IPAddressAllow=localhost ::1' --stats -- python3 -c "$try"
  has "$output" 'udp Operation not permitted' 'lo4 sent' 'lo6 sent' 'tcp connected'
  has "$error" ' bpf '
  same "$(awk 'NR == 2 { print $6 }' <<<"$error")" 1
  same "$(nft list ruleset)" ''
  same "$(find /sys/fs/bpf -name out)" ''
}

@test "both backends decide alike, and one replaces the other" {
  neighbour
  made=/nwgate-test-$$
  mkdir "$cgroups$made"
  local backend
  for backend in bpf nftables bpf auto; do
    fails 0 nwgate bind --cgroup "$made" --backend "$backend" --filter ip-access-drop -p DENY=any -p ALLOW=127.0.0.0/8
    fails 0 nwgate diff
    run bash -c "echo \$\$ >$cgroups$made/cgroup.procs && exec python3 -c '$try'"
    has "$output" 'udp Operation not permitted' 'lo4 sent' 'lo6 Operation not permitted'
    has "$(nwgate stats --cgroup)" "$made"
    [ "$backend" != nftables ] || has "$(nwgate chains "$made")" 'by nf_tables' 'DENY' '0.0.0.0/0'
    [ "$backend" = nftables ] || has "$(nwgate chains "$made")" 'by BPF'
    same "$(nwgate chains "$made" --json | jq -r '.[] | .port, .layout')" "$made"$'\n'"${backend/auto/bpf}"
    [ "$(nwgate chains "$made" --json | jq '.[].counters.out.dropped_packets')" -gt 0 ]
  done
  # What somebody takes away is told, and made good.
  rm -r /sys/fs/bpf/nwgate*/*
  fails 1 nwgate diff
  has "$output" 'bpf program' 'missing'
  fails 0 nwgate apply
  fails 0 nwgate diff
  fails 0 nwgate unbind "$made"
  same "$(find /sys/fs/bpf -name out)" ''
  same "$(nft list ruleset)" ''
}

@test "stats of a cgroup that goes, and is made again: what filters it, and what was counted" {
  made=/nwgate-test-$$
  mkdir "$cgroups$made"
  nwgate bind --cgroup "$made" --backend bpf --filter ip-access-drop -p DENY=any
  row() { nwgate stats "$made" | awk 'NR == 2 { print $3, $6 }'; } # backend, packets denied
  bash -c "echo \$\$ >$cgroups$made/cgroup.procs && echo >/dev/udp/127.0.0.1/9" || true
  same "$(row)" 'bpf 1'
  rmdir "$cgroups$made"
  same "$(row)" 'waits 1'
  mkdir "$cgroups$made"
  same "$(row)" 'missing 1'
  nwgate apply
  same "$(row)" 'bpf 1'
}

@test "an empty list of systemd's takes back those before it" {
  same "$(nwgate run --filter ip-access -p IPAddressDeny=any -p 'IPAddressAllow=10.0.0.0/8 localhost' -p IPAddressAllow= \
    -p IPAddressAllow=192.0.2.1 -- "$NWGATE" --root "$root" bindings --json | jq -c '.[].parameters | map(.value)')" '["any","192.0.2.1"]'
  same "$(nwgate run --filter ip-access -p IPAddressDeny=any -p 'IPAddressDeny= ' -- "$NWGATE" --root "$root" bindings --json | jq -c '.[].parameters')" '[]'
}

@test "--timing says how long BPF took, too" {
  neighbour
  made=/nwgate-test-$$
  mkdir "$cgroups$made"
  fails 0 nwgate --timing bind --cgroup "$made" --filter ip-access-drop -p DENY=any
  local number='[1-9][0-9]*'
  grep -Eqx "bpf: $number us to load and $number us to attach the filters of 1 cgroups, [0-9]+ us to compile them" <<<"$error"
  # What is as it should be is not replaced.
  fails 0 nwgate --timing apply
  lacks "$error" bpf:
  fails 0 nwgate --timing unbind "$made"
  grep -Eqx "bpf: $number us to detach the filters of 1 cgroups" <<<"$error"
  # Nothing of BPF, no line.
  fails 0 nwgate --timing bind --cgroup "$made" --backend nftables --filter ip-access-drop -p DENY=any
  lacks "$error" bpf:
  fails 0 nwgate unbind "$made"
}

@test "stats -f shows them anew until it is interrupted" {
  neighbour
  made=/nwgate-test-$$
  mkdir "$cgroups$made"
  nwgate bind --cgroup "$made" --filter ip-access
  "$NWGATE" --root "$root" stats --cgroup -f >shown 3>&- &
  local command=$! i
  for ((i = 0; i < 100; i++)); do [ "$(grep -sc "$made" shown)" -ge 2 ] 2>/dev/null && break; sleep 0.05; done
  kill -TERM "$command"
  fails 0 wait "$command"
  [ "$(grep -c "$made" shown)" -ge 2 ]
  nwgate unbind "$made"
}

@test "nft flush ruleset does not touch what BPF filters" {
  neighbour
  made=/nwgate-test-$$
  mkdir "$cgroups$made"
  fails 0 nwgate bind --cgroup "$made" --filter ip-access-drop -p DENY=any
  nft flush ruleset
  run bash -c "echo \$\$ >$cgroups$made/cgroup.procs && exec python3 -c '$try'"
  has "$output" 'lo4 Operation not permitted'
  fails 0 nwgate unbind "$made"
}

@test "rules that a backend cannot express are refused, with the line" {
  neighbour
  filter states "  <rule action='accept' direction='out'><tcp dstportstart='80'/></rule>" | define_text states
  fails 3 nwgate run --backend bpf --filter states -- true
  has "$error" 'states.xml:2:' 'backend bpf'
  fails 0 nwgate run --filter states -- true
  fails 3 nwgate run --filter no-mac-spoofing -- true
  has "$error" "a cgroup's sockets have no ether.src"
  fails 3 nwgate run --filter absent -- true
  fails 2 nwgate run --filter ip-access -p ALLOW -- true
  fails 3 nwgate run --filter ip-access -p ALLOW=nowhere -- true
  same "$(ls -d "$cgroups"/nwgate-run-*.scope 2>/dev/null || true)" ''
}

@test "the command's exit code, its signals, its children" {
  fails 7 nwgate run --filter ip-access -- sh -c 'exit 7'
  fails 143 nwgate run --filter ip-access -- sh -c 'kill -TERM $$'
  fails 127 nwgate run --filter ip-access -- /nonexistent
  fails 126 nwgate run --filter ip-access -- /etc
  fails 2 nwgate run --filter ip-access
  # A signal is passed on.
  "$NWGATE" --root "$root" run --filter ip-access -- sh -c 'trap "exit 9" TERM; touch ready; while :; do sleep 0.05; done' 3>&- &
  local command=$! i
  for ((i = 0; i < 100; i++)); do [ ! -e ready ] || break; sleep 0.05; done
  kill -TERM "$command"
  fails 9 wait "$command"
  # Whoever starts it may ignore the end of children; the command is asked to, as it would be without nwgate.
  same "$(timeout 20 env --ignore-signal=CHLD "$NWGATE" --root "$root" run --filter ip-access -- grep SigIgn /proc/self/status)" \
    "$(env --ignore-signal=CHLD grep SigIgn /proc/self/status)"
  # What the command leaves behind stays filtered.
  fails 0 nwgate run --cgroup "/nwgate-test-$$" --filter ip-access -- sh -c 'sleep 60 >/dev/null 2>&1 3>&- & echo $!'
  made=/nwgate-test-$$
  has "$error" 'stays bound'
  has "$(nwgate bindings)" "$made"
  kill "$output"
  for ((i = 0; i < 100; i++)); do grep -q 'populated 1' "$cgroups$made/cgroup.events" || break; sleep 0.05; done
  fails 0 nwgate unbind "$made"
}

# A filter of system calls answers clone3(2) with an error: $1 is its number, then COMMAND...
without_clone3() {
  python3 - "$@" <<'PY'
import ctypes, os, struct, sys
class Program(ctypes.Structure):
    _fields_ = [('length', ctypes.c_ushort), ('code', ctypes.c_char_p)]
rows = [(0x20, 0, 0, 0), (0x15, 0, 1, 435), (0x06, 0, 0, 0x00050000 | int(sys.argv[1])), (0x06, 0, 0, 0x7fff0000)]
code = b''.join(struct.pack('HBBI', *row) for row in rows)
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, ctypes.byref(Program(len(rows), code)), 0, 0) == 0
os.execvp(sys.argv[2], sys.argv[2:])
PY
}

@test "the command begins its life in the cgroup; where the kernel cannot do so, it moves there first" {
  local trace=(strace -f -o trace -e 'trace=clone3,execve,openat')
  "${trace[@]}" true 2>/dev/null || skip 'strace does not work here'
  fails 0 "${trace[@]}" "$NWGATE" --root "$root" run --filter ip-access -- cat /proc/self/cgroup
  has "$output" "/nwgate-run-"
  grep -q 'clone3(.*CLONE_INTO_CGROUP' trace
  same "$(grep -c cgroup.procs trace)" 0
  local error_number
  for error_number in 38 22 7; do # ENOSYS, EINVAL, E2BIG
    fails 0 without_clone3 $error_number "$NWGATE" --root "$root" run --filter ip-access -- cat /proc/self/cgroup
    has "$output" "/nwgate-run-"
  done
  fails 126 without_clone3 13 "$NWGATE" --root "$root" run --filter ip-access -- true
  has "$error" 'cannot start a process in cgroup' 'Permission denied'
  same "$(nwgate --json bindings)" '[]'
  same "$(ls -d "$cgroups"/nwgate-run-*.scope 2>/dev/null || true)" ''
}

@test "what cannot be run is told by exit codes, as env has them" {
  local command code
  printf '#!/nonexistent\n' >no-interpreter
  printf 'exit 5\n' >no-line
  chmod +x no-interpreter no-line
  touch not-executable
  for command in /nonexistent nonexistent ./not-executable /etc ./no-interpreter ./no-line /etc/passwd/x; do
    code=0
    env "$command" 2>/dev/null || code=$?
    fails $code nwgate run --filter ip-access -- "$command"
  done
  same "$(echo words | nwgate run --filter ip-access -- cat)" words
  # Whoever starts nwgate may have left it SIGCHLD ignored.
  fails 3 bash -c 'trap "" CHLD; exec "$@"' - timeout 10 "$NWGATE" --root "$root" run --filter ip-access -- sh -c 'exit 3'
}

@test "processes that end with the command do not keep the cgroup" {
  local i
  for ((i = 0; i < 5; i++)); do
    # shellcheck disable=SC2016 # the inner shell expands
    fails 137 nwgate run --filter ip-access -- bash -c 'sleep 9 & sleep 9 & kill -9 $(jobs -p) $$'
    same "$error" ''
  done
}

@test "where in the tree: below domain controllers, in the root, deeper, in a threaded cgroup, one that is there" {
  made=/nwgate-test-$$
  mkdir "$cgroups$made" "$cgroups$made/inner"
  local controller
  # Below one that gives its controllers to those below, and so can have no processes itself.
  for controller in $(<"$cgroups$made/cgroup.controllers"); do
    echo "+$controller" >"$cgroups$made/cgroup.subtree_control" || true
  done
  fails 0 nwgate run --filter ip-access --cgroup "$made/x" -- cat /proc/self/cgroup
  has "$output" "0::$made/x"
  inside() { bash -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$cgroups$1" "$NWGATE" --root "$root" "${@:2}"; }
  fails 0 inside "$made/inner" run --filter ip-access -- cat /proc/self/cgroup
  has "$output" "0::$made/inner/nwgate-run-"
  fails 0 inside '' run --filter ip-access -- cat /proc/self/cgroup
  has "$output" '0::/nwgate-run-'
  # A cgroup that is there is somebody's, and so is a binding.
  fails 4 nwgate run --filter ip-access --cgroup "$made/inner" -- true
  has "$error" "$made/inner" 'File exists'
  [ -d "$cgroups$made/inner" ]
  nwgate bind --cgroup "$made/y" --filter ip-access -p DENY=any
  fails 4 nwgate run --filter ip-access --cgroup "$made/y" -- true
  has "$error" 'is bound already'
  [ ! -e "$cgroups$made/y" ]
  has "$(nwgate bindings)" "$made/y"
  fails 0 nwgate unbind "$made/y"
  fails 4 nwgate run --filter ip-access --cgroup "$made/no/parent" -- true
  # Below a threaded cgroup no process can begin.
  echo threaded >"$cgroups$made/inner/cgroup.type" || skip 'no threaded cgroups here'
  fails 126 inside "$made/inner" run --filter ip-access -- true
  has "$error" 'cannot start a process in cgroup'
  same "$(nwgate --json bindings)" '[]'
  same "$(find "$cgroups$made/inner" -name 'nwgate-*')" ''
}

@test "outside of the cgroup namespace, there is no place for a cgroup of its own" {
  made=/nwgate-test-$$
  mkdir "$cgroups$made"
  # The namespace begins at the cgroup; then the process leaves that.
  # shellcheck disable=SC2016 # the inner shells expand
  fails 4 bash -c 'echo $$ >"$0$1/cgroup.procs"; exec unshare --cgroup bash -c '\''echo $$ >"$0/cgroup.procs"; shift; exec "$@"'\'' "$0" "$@"' \
    "$cgroups" "$made" "$NWGATE" --root "$root" run --filter ip-access -- true
  has "$error" 'the cgroup of this process' 'name a cgroup to make (--cgroup)'
}

@test "on a terminal: interrupts, stops, sizes, and a shell in a shell" {
  export run="$NWGATE --root $root run --filter ip-access --"
  cat >told.py <<'PY'
import os, signal, time
def tell(what): os.write(1, what.encode() + b'\n') # print() cannot be interrupted by itself
signal.signal(signal.SIGWINCH, lambda *_: tell('resized'))
signal.signal(signal.SIGINT, lambda *_: tell('interrupted'))
signal.signal(signal.SIGCONT, lambda *_: tell('continued'))
tell('begun')
while True: time.sleep(9)
PY
  python3 "$BATS_TEST_DIRNAME/terminal.py" <<'STEPS'
see \$ $
type stty -echo\n
see \$ $
type echo size $($run stty size)\n
see size \d+ \d+
type $run python3 told.py\n
see begun
size 33 77
see resized
type \x03
see interrupted
type \x1a
see Stopped
type echo state $(ps -o stat= --ppid $(pgrep -nf 'run --filter')) $(jobs %1)\n
see state T
see \$ $
type fg\n
see continued
type \x03
see interrupted
type \x1c
see \$ $
type echo code $?\n
see code 131
see \$ $
type $run sh -c 'echo be""gun; exec sleep 60'\n
see begun
type \x03
see \$ $
type echo code $?\n
see code 130
see \$ $
type $run bash --norc --noprofile --noediting -i\n
see \$ $
type stty -echo; echo in $(sed 's/.*nwgate-run.*/nwgate-run/' /proc/self/cgroup)\n
see in .*nwgate-run
see \$ $
type sh -c 'echo be""gun; exec sleep 60'\n
see begun
type \x1a
see Stopped
see \$ $
type kill %1; while jobs | grep -q Stopped; do sleep 0.05; done; suspend\n
see Stopped
see \$ $
type fg\n
see bash
type echo again $((3 * 7))\n
see again 21
type exit 5\n
type echo outer $?\n
see outer 5
see \$ $
type $run cat &\n
type until jobs | grep -q Stopped; do sleep 0.05; done; echo stop""ped\n
see stopped
type fg\n
type words\n
see words
type \x04
see \$ $
type echo code $?\n
see code 0
STEPS
}
