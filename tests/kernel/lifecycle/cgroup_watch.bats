#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# `nwgate watch`, with processes and sockets. BACKEND is that of the bindings.
load helpers
load sockets
load cgroups

@test "watch: cgroups that come and go, with the directories above them" {
  local i
  serve - host 80
  bind /a/b/c "$access" DENY=any
  start_watch
  told 1 "$top/a/b/c: waits"
  mkdir -p "$cgroup2$top/a/b/c"
  told 1 "$top/a/b/c: attached"
  is_silent /a/b/c host tcp 127.0.0.1 80
  rmdir "$cgroup2$top"/a/b/c
  told 2 "$top/a/b/c: waits"
  rmdir "$cgroup2$top"/a/b "$cgroup2$top"/a
  mkdir -p "$cgroup2$top/a/b/c"
  told 2 "$top/a/b/c: attached"
  is_silent /a/b/c host tcp 127.0.0.1 80
  for ((i = 0; i < 50; i++)); do # the last one must be seen, however many there are at once
    rmdir "$cgroup2$top/a/b/c"
    mkdir "$cgroup2$top/a/b/c"
  done
  for ((i = 0; i < 100; i++)); do ! is_silent /a/b/c host connected 127.0.0.1 80 >/dev/null || break; done
  is_silent /a/b/c host tcp 127.0.0.1 80
  fails 0 nwgate diff
  # It waits without working.
  local worked
  worked=$(awk '{ print $14 + $15 }' "/proc/$watcher/stat")
  sleep 1
  [ "$(awk '{ print $14 + $15 }' "/proc/$watcher/stat")" -lt $((worked + 5)) ]
  kill -TERM "$watcher"
  fails 0 wait "$watcher"
  is_silent /a/b/c host tcp 127.0.0.1 80
  same "$(<"$BATS_TEST_TMPDIR/watch-errors")" ''
  leaves_nothing "$top/a/b/c"
}

@test "watch: attached again within milliseconds" {
  mkdir "$cgroup2$top/in"
  bind /in "$access" DENY=any
  start_watch
  told 1 "$top/in: attached"
  python3 - "$cgroup2$top/in" <<'PY'
import os, socket, sys, time
home = sys.argv[1]
receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
receiver.bind(('127.0.0.1', 0))
times = []
for _ in range(20):
    os.rmdir(home)
    os.mkdir(home)
    begin = time.monotonic()
    pid = os.fork()
    if pid == 0:
        open(home + '/cgroup.procs', 'w').write(str(os.getpid()))
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        while time.monotonic() < begin + 5:
            try: s.sendto(b'x', receiver.getsockname())
            except PermissionError: os._exit(0)
        os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0, 'never attached'
    times.append(time.monotonic() - begin)
    for _ in range(200): # until the kernel has put the process away
        if not open(home + '/cgroup.procs').read(): break
        time.sleep(.01)
times.sort()
print('median', times[10], 'worst', times[-1])
assert times[10] < .2, times
PY
}

@test "watch: documents that change, wrong ones, signals" {
  serve - host 80
  mkdir "$cgroup2$top/in" "$cgroup2$top/other"
  start_watch
  bind /in "$access" DENY=any
  told 1 "$top/in: attached"
  local file="$root/etc/nwgate/bindings/:${top#/}:other.xml"
  mkdir -p "$root/etc/nwgate/bindings" "$root/etc/nwgate/filters"
  cgroupbinding() { echo "<cgroupbinding><cgroup path='$top/other'/><filterref filter='$1'>$2</filterref></cgroupbinding>"; }
  cgroupbinding nonsuch >"$file"
  told 1 "$top/other: broken"
  has "$(<"$BATS_TEST_TMPDIR/watch-errors")" "other.xml:1:" nonsuch
  is_silent /in host tcp 127.0.0.1 80
  rmdir "$cgroup2$top/in" # the others are served
  told 1 "$top/in: waits"
  mkdir "$cgroup2$top/in"
  told 2 "$top/in: attached"
  filter nonsuch "  <rule action='drop' direction='out'><all/></rule>" >"$root/etc/nwgate/filters/nonsuch.xml"
  told 1 "$top/other: attached"
  is_silent /other host tcp 127.0.0.1 80
  filter nonsuch "  <rule action='drop' direction='out'><udp/></rule>" >"$root/etc/nwgate/filters/.new"
  mv "$root/etc/nwgate/filters/.new" "$root/etc/nwgate/filters/nonsuch.xml"
  sleep 0.5
  talks /other host tcp 127.0.0.1 80
  is_silent /other host udp 127.0.0.1 80
  # A cgroup that is made right behind its binding.
  bind /late "$access" DENY=any
  mkdir "$cgroup2$top/late"
  told 1 "$top/late: attached"
  fails 0 nwgate unbind "$top/late"
  told 1 "$top/late: unbound"
  # Editors take a file away and write it again, within the 100 ms that watch waits: the filter stays.
  local kept begun unbound i
  kept=$(<"$file")
  for ((i = 0; i < 10; i++)); do
    unbound=$(grep -c "other: unbound" "$BATS_TEST_TMPDIR/watched" || true)
    begun=${EPOCHREALTIME/./}
    rm "$file"
    [ "$backend" = bpf ] || [ "${LAYOUT:-}" = xtables ] || { nft delete table inet nwgate; sleep 0.03; } # even if it has something else to do
    echo "$kept" >"$file"
    [ $((${EPOCHREALTIME/./} - begun)) -gt 90000 ] || break # slower than an editor: that proves nothing
    sleep 0.5
  done
  sleep 0.5
  [ "$i" -lt 10 ]
  [ "$(grep -c "other: unbound" "$BATS_TEST_TMPDIR/watched")" = "$unbound" ]
  rm "$file"
  told $((unbound + 1)) "$top/other: unbound"
  talks /other host udp 127.0.0.1 80
  kill -HUP "$watcher"
  sleep 0.5
  is_silent /in host tcp 127.0.0.1 80
  kill -INT "$watcher"
  fails 0 wait "$watcher"
  is_silent /in host tcp 127.0.0.1 80
}

@test "watch: beside other commands" {
  local i
  mkdir "$cgroup2$top/in"
  bind /in "$access" DENY=127.0.0.1
  start_watch
  told 1 "$top/in: attached"
  for ((i = 0; i < 30; i++)); do
    rmdir "$cgroup2$top/in"
    bind /other "$access" DENY=127.0.0.2
    mkdir "$cgroup2$top/in" "$cgroup2$top/other"
    [ $((i % 3)) != 0 ] || fails 0 nwgate apply
    fails 0 nwgate unbind "$top/other"
    rmdir "$cgroup2$top/other"
  done
  # It says what it has done last.
  for ((i = 0; i < 250; i++)); do
    [[ $(grep "/in:" "$BATS_TEST_TMPDIR/watched" | tail -n 1) != *attached || $(nwgate diff) != '' ]] || break
    sleep 0.02
  done
  sleep 0.3
  fails 0 nwgate diff
  same "$(<"$BATS_TEST_TMPDIR/watch-errors")" ''
  leaves_nothing "$top/in"
}

@test "watch: a document that changes while another command has the lock" {
  mkdir "$cgroup2$top/in"
  bind /in "$access" DENY=127.0.0.1
  start_watch
  told 1 "$top/in: attached"
  exec 6>"$root/run/nwgate/lock"
  flock 6
  rmdir "$cgroup2$top/in"
  mkdir "$cgroup2$top/in"
  sleep 0.3
  rm "$root/run/nwgate/bindings/:${top#/}:in.xml"
  exec 6>&-
  told 1 "$top/in: unbound"
  # What the document said before is not attached once more.
  same "$(grep -c attached "$BATS_TEST_TMPDIR/watched")" 1
  fails 0 nwgate diff
  same "$(nft list ruleset)" ''
}

@test "watch: where it has nothing to do" {
  fails 2 nwgate watch word
  # shellcheck disable=SC2016 # the inner shell expands
  fails 4 unshare --mount bash -c 'umount "$0" && exec timeout 5 "$@"' "$cgroup2" "$NWGATE" --root "$root" watch
  has "$error" cgroup2
}

@test "kill -9 of watch leaves the filter" {
  serve - host 80
  mkdir "$cgroup2$top/in"
  bind /in "$access" DENY=any
  start_watch
  told 1 "$top/in: attached"
  kill -9 "$watcher"
  fails 137 wait "$watcher"
  is_silent /in host tcp 127.0.0.1 80
  fails 0 nwgate diff
  start_watch
  told 1 "$top/in: attached"
  fails 0 nwgate diff
}

# told_mended COUNT WHO: within 20 s nwgate watch has told as often that it has mended what somebody did.
told_mended() {
  local i
  for ((i = 0; i < 2000; i++)); do
    [ "$(mends "$2")" -lt "$1" ] || return 0
    sleep 0.01
  done
  echo "not $1 times: mended, changed by $2"
  cat "$BATS_TEST_TMPDIR/watched" "$BATS_TEST_TMPDIR/watch-errors"
  return 1
}
mends() { grep -Exc "(table (inet nwgate|ip6? filter)|nf_tables): changed by $1, mended" "$BATS_TEST_TMPDIR/watched" || true; }
stays() { # the ruleset: nobody commits
  local before
  before=$(generation)
  sleep 0.7
  same "$(generation)" "$before"
}

needs_table() {
  [ "${LAYOUT:-}" != xtables ] || skip 'cgroups have no table inet nwgate'
  [ "$backend" = nftables ] || skip 'BPF is not in the ruleset'
}
watch_rules() { # of /in, which reaches nobody
  serve - host 80
  mkdir "$cgroup2$top/in"
  bind /in "$access" DENY=any
  start_watch
  told 1 "$top/in: attached"
}

@test "watch: what others change in the kernel is mended, and told" {
  needs_table
  watch_rules
  stays
  nft delete table inet nwgate
  told_mended 1 'nft \(pid [0-9]+\)'
  is_silent /in host tcp 127.0.0.1 80
  stays
  fails 0 nwgate diff
  nft flush ruleset
  told_mended 2 'nft \(pid [0-9]+\)'
  is_silent /in host tcp 127.0.0.1 80
  # A part of it, by a program of another name.
  cp "$(command -v nft)" "$BATS_TEST_TMPDIR/odd name"
  "$BATS_TEST_TMPDIR/odd name" flush chain inet nwgate "$(nft list chains inet | sed -n 's/.*chain \(.*\) {$/\1/p' | head -n 1)"
  told_mended 1 'odd name \(pid [0-9]+\)'
  is_silent /in host tcp 127.0.0.1 80
  fails 0 nwgate diff
  # Other tables are others', and what other commands of nwgate commit is what the documents say.
  nft 'add table ip nwgate; add table inet other; delete table inet other; delete table ip nwgate'
  bind /in "$access" DENY=127.0.0.0/8
  bind /later "$access" DENY=any
  mkdir "$cgroup2$top/later"
  told 1 "$top/later: attached"
  fails 0 nwgate apply
  stays
  same "$(mends '.*')" 3
  kill -TERM "$watcher"
  fails 0 wait "$watcher"
  same "$(<"$BATS_TEST_TMPDIR/watch-errors")" ''
  leaves_nothing "$top/in" "$top/later"
}

@test "watch: whoever changes the rules again and again is answered ever more slowly" {
  needs_table
  watch_rules
  bash -c 'while :; do nft delete table inet nwgate 2>/dev/null; sleep 0.02; done' 3>&- &
  local other=$!
  started="$started $other"
  sleep 3
  kill "$other"
  told_mended 3 'nft \(pid [0-9]+\)'
  [ "$(mends '.*')" -lt 7 ]
  grep -Eqx 'table inet nwgate: changed by nft \(pid [0-9]+\), looked at in [0-9]+ ms' "$BATS_TEST_TMPDIR/watched"
  local i
  for ((i = 0; i < 20; i++)); do ! is_silent /in host connected 127.0.0.1 80 >/dev/null || break; sleep 0.2; done
  is_silent /in host tcp 127.0.0.1 80
  stays
  fails 0 nwgate diff
}

@test "watch: what others change in the chains of iptables" {
  [ "${LAYOUT:-}" = xtables ] || skip 'cgroups have no such chains'
  local id tool rule
  watch_rules
  id=$(stat -c %i "$cgroup2$top/in")
  stays
  for tool in iptables ip6tables; do
    # What belongs to others may come and go.
    $tool -N theirs
    $tool -I OUTPUT -j theirs
    $tool -D OUTPUT -j theirs
    stays
    $tool -F
  done
  told_mended 1 'iptables \(pid [0-9]+\)'
  told_mended 1 'ip6tables \(pid [0-9]+\)'
  is_silent /in host tcp 127.0.0.1 80
  fails 0 nwgate diff
  rule=$(iptables -S OUTPUT | grep -e "-j CO-$id")
  eval "iptables ${rule/-A/-D}" # the way to our chain
  told_mended 2 'iptables \(pid [0-9]+\)'
  is_silent /in host tcp 127.0.0.1 80
  iptables -I "CO-$id" -j ACCEPT
  told_mended 3 'iptables \(pid [0-9]+\)'
  is_silent /in host tcp 127.0.0.1 80
  stays
  same "$(mends '.*')" 4
  nft flush ruleset
  told_mended 1 'nft \(pid [0-9]+\)'
  is_silent /in host tcp 127.0.0.1 80
  fails 0 nwgate diff
  kill -TERM "$watcher"
  fails 0 wait "$watcher"
  same "$(<"$BATS_TEST_TMPDIR/watch-errors")" ''
  leaves_nothing "$top/in"
}

@test "watch: pins of BPF that others take away" {
  [ "$backend" = bpf ] || skip 'there are no pins'
  local pin again=0
  watch_rules
  for pin in out in out; do
    rm /sys/fs/bpf/nwgate*/*"${top#/}:in/$pin" # the last reference: the kernel detaches
    again=$((again + 1))
    told "$again" "$top/in: mended"
    is_silent /in host tcp 127.0.0.1 80
    fails 0 nwgate diff
  done
  rm /sys/fs/bpf/nwgate*/*"${top#/}:in"/* # the counters, too
  for ((i = 0; i < 250; i++)); do [ "$(nwgate diff)" != '' ] || break; sleep 0.02; done
  fails 0 nwgate diff
  is_silent /in host tcp 127.0.0.1 80
  # What a command of ours does is what the documents say.
  again=$(grep -c mended "$BATS_TEST_TMPDIR/watched")
  bind /in "$access" DENY=127.0.0.0/8
  bind /other "$access" DENY=any
  mkdir "$cgroup2$top/other"
  told 1 "$top/other: attached"
  fails 0 nwgate apply
  sleep 0.3
  fails 0 nwgate unbind "$top/in" "$top/other"
  told 1 "$top/in: unbound"
  told 1 "$top/other: unbound"
  same "$(grep -c mended "$BATS_TEST_TMPDIR/watched")" "$again"
  same "$(<"$BATS_TEST_TMPDIR/watch-errors")" ''
  [ -z "$(ls -A /sys/fs/bpf/nwgate*/)" ]
}

@test "watch: more changes than the kernel keeps for it" {
  needs_table
  mkdir "$cgroup2$top/in"
  bind /in "$access" DENY=any
  start_watch
  told 1 "$top/in: attached"
  kill -STOP "$watcher"
  python3 - >many.nft <<'PY'
print('table inet many { set s { type ipv4_addr; elements = {')
print(', '.join(f'10.{i >> 16}.{i >> 8 & 255}.{i & 255}' for i in range(100000)))
print('}\n}\n}')
PY
  local i
  for i in 1 2 3; do
    nft -f many.nft
    nft delete table inet many
  done
  nft delete table inet nwgate
  kill -CONT "$watcher"
  told_mended 1 others
  fails 0 nwgate diff
  stays
}

@test "watch: lines of JSON" {
  [ "$backend" = nftables ] || skip 'BPF is not in the ruleset'
  mkdir "$cgroup2$top/in"
  bind /in "$access" DENY=any
  "$NWGATE" --root "$root" --json watch >"$BATS_TEST_TMPDIR/watched" 2>"$BATS_TEST_TMPDIR/watch-errors" 3>&- &
  started="${started:-} $!"
  told 1 "{\"cgroup\":\"$top/in\",\"state\":\"attached\"}"
  nft delete table inet nwgate
  local i
  for ((i = 0; i < 2000; i++)); do
    ! grep -Ex '\{"table":"inet nwgate","state":"mended","by":"nft","pid":[0-9]+\}' "$BATS_TEST_TMPDIR/watched" || return 0
    sleep 0.01
  done
  cat "$BATS_TEST_TMPDIR/watched" "$BATS_TEST_TMPDIR/watch-errors"
  return 1
}
