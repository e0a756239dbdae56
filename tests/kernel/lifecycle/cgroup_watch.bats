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
  # Editors take a file away and write it again: the filter stays.
  cp "$file" "$BATS_TEST_TMPDIR/kept"
  rm "$file"
  cp "$BATS_TEST_TMPDIR/kept" "$file"
  sleep 0.5
  [ "$(grep -c "other: unbound" "$BATS_TEST_TMPDIR/watched")" = 0 ]
  rm "$file"
  told 1 "$top/other: unbound"
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
