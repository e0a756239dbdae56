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
