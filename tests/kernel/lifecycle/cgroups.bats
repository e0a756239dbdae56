#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Filters of cgroups, with processes and sockets. BACKEND is that of the bindings, LAYOUT the layout.
load helpers
load sockets
load cgroups

@test "TCP and UDP of both families, through the loopback device and to another namespace" {
  local kind address
  make_peer
  mkdir "$cgroup2$top/in" "$cgroup2$top/other"
  serve - host 80
  serve - "$peer" 80
  serve /in host 81
  bind /in "$access" DENY=any
  for address in 127.0.0.1 ::1 10.9.0.2 fd09::2; do
    for kind in tcp udp connected; do
      is_silent /in host $kind $address 80
      talks /other host $kind $address 80
      talks - host $kind $address 80
    done
  done
  for kind in tcp udp connected; do
    for address in 127.0.0.1 ::1 10.9.0.1; do is_silent - host $kind $address 81; done
    for address in 10.9.0.1 fd09::1; do is_silent - "$peer" $kind $address 81; done
  done
  if [ "$backend" = bpf ]; then is_silent /in "$peer" tcp 127.0.0.1 80; else talks /in "$peer" tcp 127.0.0.1 80; fi # another namespace
  bind /in "$access" ALLOW=10.9.0.0/24 ALLOW=::1 DENY=any
  for kind in tcp udp connected; do
    talks /in host $kind 10.9.0.2 80
    talks /in host $kind ::1 80
    talks - "$peer" $kind 10.9.0.1 81
    is_silent /in host $kind 127.0.0.1 80
    is_silent /in host $kind fd09::2 80
    is_silent - "$peer" $kind fd09::1 81
  done
  leaves_nothing "$top/in"
  for kind in tcp udp connected; do
    talks /in host $kind 10.9.0.2 80
    talks - "$peer" $kind fd09::1 81
  done
}

@test "sockets that are there already: accepted, connecting, and those of UDP" {
  mkdir "$cgroup2$top/in"
  serve - host 80
  # Each line that is read: whether the sockets can still send and receive.
  local command
  mkfifo "$BATS_TEST_TMPDIR/ask"
  command_in /in host timeout 60 python3 -uc '
import socket, sys
listener = socket.create_server(("127.0.0.1", 90))
near = socket.create_connection(("127.0.0.1", 90))
pairs = {"accepted": (listener.accept()[0], near)}
udp = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
for s in udp: s.bind(("127.0.0.1", 0))
udp[0].connect(udp[1].getsockname())
pairs["udp"] = (udp[0], udp[1])
for _ in sys.stdin:
    words = []
    for name, (one, other) in pairs.items():
        try:
            other.settimeout(0.4)
            one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) # what was rejected before
            one.send(b"x")
            words.append(name if other.recv(1) == b"x" else "?")
        except OSError: words.append("no-" + name)
    print(*words)'
  "${command[@]}" <"$BATS_TEST_TMPDIR/ask" >>"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
  started="$started $!"
  exec 5>"$BATS_TEST_TMPDIR/ask"
  says() {
    local i
    : >"$BATS_TEST_TMPDIR/said"
    echo >&5
    for ((i = 0; i < 300; i++)); do
      [ ! -s "$BATS_TEST_TMPDIR/said" ] || break
      sleep 0.02
    done
    same "$(tr -d '\0' <"$BATS_TEST_TMPDIR/said")" "$1"
  }
  says 'accepted udp'
  bind /in "$access" DENY=any
  says 'no-accepted no-udp'
  fails 0 nwgate unbind "$top/in"
  says 'accepted udp'
  exec 5>&-
}

@test "children, and programs that they become" {
  mkdir "$cgroup2$top/in"
  serve - host 80
  bind /in "$access" DENY=any
  local ask='
import os, subprocess, sys
code = "import socket; socket.create_connection((\"127.0.0.1\", 80), 0.5).recv(5)"
if sys.argv[1] == "exec": sys.exit(subprocess.run([sys.executable, "-c", code]).returncode != 0)
pid = os.fork()
if pid == 0:
    try: exec(code)
    except OSError: os._exit(1)
    os._exit(0)
sys.exit(os.waitpid(pid, 0)[1] != 0)'
  local how
  for how in exec fork; do
    within - timeout 5 python3 -c "$ask" $how
    fails 1 within /in timeout 5 python3 -c "$ask" $how
  done
}

@test "a process that moves: its sockets stay where they were made" {
  mkdir "$cgroup2$top/in" "$cgroup2$top/out"
  serve - host 80
  bind /in "$access" DENY=any
  # The sockets are made in the first cgroup, and asked in the second.
  local ask='
import os, socket, sys
def works(s):
    try:
        s.settimeout(0.4)
        s.sendto(b"x", ("127.0.0.1", 80))
        return s.recv(5) == b"hello"
    except OSError: return False
def made(): return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
def move(where): open(where + "/cgroup.procs", "w").write(str(os.getpid()))
move(sys.argv[1])
old = made()
move(sys.argv[2])
print("old", works(old), "new", works(made()))'
  same "$(timeout 10 python3 -c "$ask" "$cgroup2$top/in" "$cgroup2$top/out")" 'old False new True'
  same "$(timeout 10 python3 -c "$ask" "$cgroup2$top/out" "$cgroup2$top/in")" 'old True new False'
}

@test "a packet has to be accepted for its cgroup and for all above it" {
  local parent child
  mkdir -p "$cgroup2$top/slice/service/worker"
  serve - host 80
  serve /slice/service/worker host 81
  for parent in ALLOW DENY; do
    for child in ALLOW DENY; do
      bind /slice "$access" $parent=127.0.0.0/8
      bind /slice/service/worker "$access" $child=127.0.0.1
      if [ $parent$child = ALLOWALLOW ]; then
        talks /slice/service/worker host tcp 127.0.0.1 80
        talks - host udp 127.0.0.1 81
      else
        is_silent /slice/service/worker host tcp 127.0.0.1 80
        is_silent - host udp 127.0.0.1 81
      fi
      if [ $parent = ALLOW ]; then talks /slice host tcp 127.0.0.1 80; else is_silent /slice/service host tcp 127.0.0.1 80; fi
    done
  done
  bind /waiting "$access"
  same "$(nwgate chains --json | jq -r '.[].port')" "$top/slice"$'\n'"$top/slice/service/worker"
  has "$(nwgate chains)" "cgroup $top/slice" "cgroup $top/waiting"$'\n''  does not exist: it waits'
  leaves_nothing "$top/slice" "$top/slice/service/worker" "$top/waiting"
}

@test "merge: the lists of the cgroups above are one's own too" {
  mkdir -p "$cgroup2$top/slice/service"
  serve - host 80
  bind /slice "$access" ALLOW=127.0.0.1
  fails 0 nwgate bind --backend "$backend" --cgroup "$top/slice/service" --filter "$access" -p DENY=any
  is_silent /slice/service host tcp 127.0.0.1 80
  fails 0 nwgate bind --backend "$backend" --merge --cgroup "$top/slice/service" --filter "$access" -p DENY=any
  talks /slice/service host tcp 127.0.0.1 80
  is_silent /slice/service host tcp ::1 80
  # The list above changes, and the one below with it.
  bind /slice "$access" ALLOW=::1
  talks /slice/service host tcp ::1 80
  is_silent /slice/service host tcp 127.0.0.1 80
  fails 0 nwgate diff
  fails 0 nwgate unbind "$top/slice"
  is_silent /slice/service host tcp ::1 80
  leaves_nothing "$top/slice/service"
}

@test "merge: below a document that cannot be read nothing changes" {
  mkdir -p "$cgroup2$top/slice/service"
  serve - host 80
  bind /slice "$access" DENY=127.0.0.1
  fails 0 nwgate bind --backend "$backend" --merge --cgroup "$top/slice/service" --filter "$access" -p DENY=::1
  local document
  document=$(find "$root/run/nwgate/bindings" -name '*:slice.xml')
  echo '<cgroupbinding' >"$document"
  nft flush ruleset
  fails 3 nwgate bind --backend "$backend" --merge --cgroup "$top/slice/service" --filter "$access"
  has "$error" "'$top/slice/service' merges the lists of the cgroups above, and the binding of '$top/slice' is broken"
  fails 3 nwgate apply
  has "$error" "'$top/slice/service' merges the lists"
  # Unlike one that does not merge, it is not put into the kernel with less than it should have.
  if [ "$backend" = nftables ]; then same "$(nft list ruleset)" ''; else is_silent /slice/service host tcp ::1 80; fi
  rm "$document"
  fails 0 nwgate apply
  is_silent /slice/service host tcp ::1 80
  talks /slice/service host tcp 127.0.0.1 80
  leaves_nothing "$top/slice/service"
}

@test "ports and connection states, rejecting" {
  [ "$backend" = nftables ] || skip 'the backend bpf has neither'
  [ "${LAYOUT:-}" != xtables ] || skip 'the layout xtables does not see what comes in for a socket that listens'
  make_peer
  mkdir "$cgroup2$top/in"
  local port
  for port in 80 81; do
    serve - "$peer" $port
    serve /in host $port
  done
  filter web \
    "  <rule action='accept' direction='in' priority='100'><tcp dstportstart='80'/></rule>" \
    "  <rule action='accept' direction='out' priority='100'><tcp dstportstart='81'/></rule>" \
    "  <rule action='reject' direction='out' priority='150'><udp dstportstart='80'/></rule>" \
    "  <rule action='drop' direction='inout' priority='200'><all/></rule>" | define_text web
  bind /in web
  talks - "$peer" tcp 10.9.0.1 80
  is_silent - "$peer" tcp 10.9.0.1 81
  talks /in host tcp 10.9.0.2 81
  is_silent /in host tcp 10.9.0.2 80
  is_silent - "$peer" udp 10.9.0.1 80
  talks - "$peer" tcp fd09::1 81 # the rules are of IPv4
  talks - host tcp 10.9.0.2 80
  leaves_nothing "$top/in"
  # An answer, not silence: the error comes at once.
  filter refusing \
    "  <rule action='reject' direction='out'><udp dstportstart='80'/></rule>" \
    "  <rule action='reject' direction='in'><tcp dstportstart='81'/></rule>" | define_text refusing
  bind /in refusing
  same "$(within /in timeout 5 python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(("10.9.0.2", 80))
s.settimeout(2)
for step in lambda: s.send(b"x"), lambda: s.recv(9):
    try: step()
    except OSError as e: print(type(e).__name__)')" $'PermissionError\nConnectionRefusedError'
  same "$(at "$peer" timeout 5 python3 -c '
import socket
try: socket.create_connection(("10.9.0.1", 81), 2)
except OSError as e: print(type(e).__name__)')" ConnectionRefusedError
  # What is said about a packet comes in for the socket that sent it: a filter that drops everything drops that, too.
  filter refusing \
    "  <rule action='reject' direction='out' priority='100'><udp dstportstart='80'/></rule>" \
    "  <rule action='drop' direction='in' priority='200'><all/></rule>" | define_text refusing
  same "$(within /in timeout 5 python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect(("10.9.0.2", 80))
s.settimeout(0.5)
for step in lambda: s.send(b"x"), lambda: s.recv(9):
    try: step()
    except OSError as e: print(type(e).__name__)')" $'PermissionError\nTimeoutError'
  leaves_nothing "$top/in"
}

@test "answers to a ping: what comes in for no socket of TCP and UDP" {
  mkdir "$cgroup2$top/in"
  filter deaf "  <rule action='drop' direction='in'><ip srcipaddr='127.0.0.1'/></rule>" | define_text deaf
  local ping='
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
s.settimeout(0.5)
s.sendto(b"\x08\0\xf7\xfd\0\1\0\1", ("127.0.0.1", 0))
try:
    while s.recv(99)[20] != 0: pass
    print("answer")
except TimeoutError: print("none")'
  same "$(within /in timeout 5 python3 -c "$ping")" answer
  bind /in deaf
  if [ "$backend" = bpf ]; then same "$(within /in timeout 5 python3 -c "$ping")" none; else same "$(within /in timeout 5 python3 -c "$ping")" answer; fi
}

@test "cgroup namespaces, and a part of the tree mounted by itself" {
  mkdir -p "$cgroup2$top/a/b/in"
  serve - host 80
  cd /
  # seen_from SCRIPT WORD...: in a mount namespace of its own, within /a/b.
  seen_from() { within /a/b unshare --cgroup --mount bash -euc "$1" "${@:2}"; }
  # shellcheck disable=SC2016 # the inner shell expands
  local bind='"$@" bind --backend "$backend" --filter "$access" -p DENY=any --cgroup'
  export backend access cgroup2 top
  local command=("$NWGATE" --root "$root" ${LAYOUT:+--layout "$LAYOUT"})
  # Levels are counted from the root of the namespace on, paths from what is mounted.
  if [ "${LAYOUT:-}" = xtables ]; then
    fails 4 seen_from "$bind $top/a/b/in" nwgate "${command[@]}"
    has "$error" "$top/a/b/in cannot be named from the root of this cgroup namespace on"
  else
    seen_from "$bind $top/a/b/in" nwgate "${command[@]}"
    is_silent /a/b/in host tcp 127.0.0.1 80
    nwgate unbind "$top/a/b/in"
    talks /a/b/in host tcp 127.0.0.1 80
  fi
  seen_from "umount -l $cgroup2; mount -t cgroup2 none $cgroup2; $bind /in" nwgate "${command[@]}"
  is_silent /a/b/in host tcp 127.0.0.1 80
  nwgate unbind /in
  unshare --mount bash -euc "mkdir $BATS_TEST_TMPDIR/part; mount --bind $cgroup2$top/a $BATS_TEST_TMPDIR/part; umount -l $cgroup2
    $bind /b/in" nwgate "${command[@]}"
  is_silent /a/b/in host tcp 127.0.0.1 80
  nwgate unbind /b/in
  # What is above the root has no level, and a way that cannot be told is not guessed.
  if [ "$backend" = nftables ] && [ "${LAYOUT:-}" != xtables ]; then
    fails 4 seen_from "$bind $top/a" nwgate "${command[@]}"
    has "$error" "$top/a is above the root of this cgroup namespace"
  fi
  # shellcheck disable=SC2016 # the inner shell expands
  fails 4 seen_from '"$@" run --filter "$access" -- true' nwgate "${command[@]}"
  has "$error" 'the cgroup of this process, /, is not seen at'
  same "$(nft list ruleset)" ''
}

@test "what the rules cannot tell: several sockets for one packet, the answer to the first of TCP" {
  mkdir "$cgroup2$top/in"
  # Two sockets get what is sent to a broadcast address; the first of the two is made in the cgroup.
  local shared='
import os, socket, sys
def receiver(cgroup):
    open(cgroup + "/cgroup.procs", "w").write("0")
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("", 5000))
    s.settimeout(0.3)
    return s
def gets(s):
    try: return s.recv(9) == b"x"
    except TimeoutError: return False
bound, free = receiver(sys.argv[1] + "/in"), receiver(sys.argv[1])
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
sender.sendto(b"x", ("127.255.255.255", 5000))
print(gets(bound), gets(free))'
  same "$(timeout 5 python3 -c "$shared" "$cgroup2$top")" 'True True'
  bind /in "$access" DENY=any
  if [ "$backend" = bpf ]; then
    same "$(timeout 5 python3 -c "$shared" "$cgroup2$top")" 'False True'
  else # all of them or none, as the kernel finds a socket
    [[ "$(timeout 5 python3 -c "$shared" "$cgroup2$top")" =~ ^(True True|False False)$ ]]
  fi
  filter mute "  <rule action='drop' direction='out'><ip/></rule>" | define_text mute
  bind /in mute
  local connect='
import socket, sys
listener = socket.create_server(("127.0.0.1", 0))
open(sys.argv[1] + "/cgroup.procs", "w").write("0")
try:
    socket.create_connection(listener.getsockname(), 0.5)
    print("connected")
except TimeoutError: print("none")'
  same "$(within /in timeout 5 python3 -c "$connect" "$cgroup2$top")" "$(if [ "$backend" = bpf ]; then echo none; else echo connected; fi)"
}

@test "a cgroup that is made again: apply" {
  serve - host 80
  bind /in "$access" DENY=any # there is none yet
  has "$(nwgate bindings)" "$top/in"
  mkdir "$cgroup2$top/in"
  talks /in host tcp 127.0.0.1 80
  fails 1 nwgate diff
  fails 0 nwgate apply
  fails 0 nwgate diff
  is_silent /in host tcp 127.0.0.1 80
  rmdir "$cgroup2$top/in"
  mkdir "$cgroup2$top/in"
  talks /in host tcp 127.0.0.1 80
  fails 0 nwgate apply
  is_silent /in host tcp 127.0.0.1 80
  rmdir "$cgroup2$top/in"
  fails 0 nwgate apply
  same "$(nft list ruleset)" ''
  leaves_nothing "$top/in"
}

@test "a broken document keeps what its cgroup has, and blocks no other" {
  mkdir "$cgroup2$top/in" "$cgroup2$top/other"
  serve - host 80
  filter alone "  <rule action='drop' direction='inout'><ip/></rule>" | define_text alone
  bind /in alone # no other cgroup has its program
  bind /other "$access" DENY=any
  local document
  document=$(find "$root/run/nwgate/bindings" -name '*:in.xml')
  sed -i "s/alone/absent/" "$document"
  sed -i 's/value="any"/value="10.9.9.9"/' "${document%:in.xml}:other.xml"
  fails 3 nwgate apply
  has "$error" absent
  is_silent /in host tcp 127.0.0.1 80
  talks /other host tcp 127.0.0.1 80
  rm "$document"
  fails 0 nwgate apply
  talks /in host tcp 127.0.0.1 80
  fails 0 nwgate diff
}

@test "200 cgroups" {
  local i
  serve - host 80
  mkdir -p "$root/etc/nwgate/bindings"
  for ((i = 0; i < 200; i++)); do
    echo "<cgroupbinding backend='$backend'><cgroup path='$top/s$((i % 10))/u$i'/><filterref filter='$access'>
      <parameter name='DENY' value='127.0.1.$((i + 1))'/></filterref></cgroupbinding>" \
      >"$root/etc/nwgate/bindings/:${top#/}:s$((i % 10)):u$i.xml"
  done
  start_watch
  told 1 "$top/s9/u199: waits"
  for ((i = 0; i < 200; i++)); do mkdir -p "$cgroup2$top/s$((i % 10))/u$i"; done
  for ((i = 0; i < 200; i++)); do told 1 "$top/s$((i % 10))/u$i: attached"; done
  for i in 0 77 199; do
    is_silent "/s$((i % 10))/u$i" host udp 127.0.1.$((i + 1)) 80
    talks "/s$((i % 10))/u$i" host udp 127.0.0.1 80
    talks - host udp "127.0.1.$((i + 1))" 80
  done
  fails 0 nwgate diff
  kill "$watcher"
  wait "$watcher"
  # A packet is asked for its cgroup once a level and direction, and once more if it is dropped.
  [ "$(nft list table inet nwgate 2>&1 | grep -c "socket cgroupv2")" -lt 20 ]
  sed -i "s/127.0.1.[0-9]*/127.0.1.1/" "$root"/etc/nwgate/bindings/*
  fails 0 nwgate apply
  [ "$(nft list table inet nwgate 2>&1 | grep -c chain)" -lt 20 ] # with the same values, the rules are there once
  is_silent /s3/u3 host udp 127.0.1.1 80
  talks /s3/u3 host udp 127.0.1.4 80
  rm "$root"/etc/nwgate/bindings/*
  fails 0 nwgate apply
  same "$(nft list ruleset)" ''
}

@test "what was counted stays when a cgroup gets another filter" {
  [ "${LAYOUT:-}" != xtables ] || skip 'there, rules that drop take along what they have counted'
  mkdir "$cgroup2$top/one"
  serve - host 80
  bind /one "$access" DENY=127.0.0.9
  for _ in 1 2 3; do talks /one host udp 127.0.0.1 80; done
  is_silent /one host udp 127.0.0.9 80
  local before
  before=$(nwgate stats --cgroup | grep "$top/one ")
  bind /one "$access" DENY=127.0.0.9 DENY=127.0.0.10
  same "$(nwgate stats --cgroup | grep "$top/one ")" "$before"
  filter mine "  <rule action='drop' direction='out'><tcp/></rule>" | define_text mine
  bind /one mine
  same "$(nwgate stats --cgroup | grep "$top/one " | sed -E "s/ +/ /g; s/mine/$access/")" "$(sed -E 's/ +/ /g' <<<"$before")"
}

@test "what was counted stays when a cgroup gets another backend" {
  [ "${LAYOUT:-}" != xtables ] || skip 'there, rules count'
  [ "$backend" = bpf ] || mount -t bpf none /sys/fs/bpf || skip 'this kernel has no bpffs'
  local before backends=(nftables bpf) i
  counted() { nwgate stats --cgroup --json | jq -c ".[] | select(.cgroup == \"$top/one\") | [.out, .in]"; }
  mkdir "$cgroup2$top/one"
  serve - host 80
  bind /one ip-access-drop DENY=127.0.0.9
  for _ in 1 2 3; do talks /one host udp 127.0.0.1 80; done
  is_silent /one host udp 127.0.0.9 80
  before=$(counted)
  has "$before" '"packets":3' '"dropped_packets":1'
  for ((i = 0; i < 4; i++)); do
    backend=${backends[i % 2]}
    bind /one ip-access-drop DENY=127.0.0.9
    same "$(nwgate stats --cgroup --json | jq -r '.[].backend')" "$backend"
    same "$(counted)" "$before"
    # By a document, with the IP layers alone.
    filter mine "  <rule action='drop' direction='out'><tcp dstportstart='7'/></rule>" | define_text mine
    bind /one mine
    same "$(counted)" "$before"
    fails 0 nwgate diff
  done
  talks /one host udp 127.0.0.1 80
  [ "$(counted)" != "$before" ]
  fails 0 nwgate unbind "$top/one"
  bind /one ip-access-drop DENY=127.0.0.9
  has "$(counted)" '"packets":0' # a new binding
  lacks "$(counted)" '"packets":1' '"packets":3'
  fails 0 nwgate unbind "$top/one"
}

@test "redefining a filter that cgroups use" {
  serve - host 80
  mkdir "$cgroup2$top/one" "$cgroup2$top/two"
  filter mine "  <rule action='drop' direction='out'><udp/></rule>" | define_text mine
  bind /one mine
  bind /two mine
  is_silent /one host udp 127.0.0.1 80
  filter mine "  <rule action='drop' direction='out'><tcp/></rule>" | define_text mine
  talks /one host udp 127.0.0.1 80
  is_silent /two host tcp 127.0.0.1 80
  filter mine "  <rule action='drop' direction='out'><mac protocolid='arp'/></rule>" >mac.xml
  fails 3 nwgate define mac.xml
  has "$error" mac.xml:2
  is_silent /two host tcp 127.0.0.1 80
  fails 3 nwgate undefine mine
  leaves_nothing "$top/one" "$top/two"
}

@test "class ids of net_cls" {
  mkdir "$BATS_TEST_TMPDIR/net_cls"
  mount -t cgroup -o net_cls none "$BATS_TEST_TMPDIR/net_cls" || skip 'this kernel has no net_cls'
  net_cls=$BATS_TEST_TMPDIR/net_cls
  mkdir "$net_cls$top"
  echo 0x00100001 >"$net_cls$top/net_cls.classid"
  local name
  serve - host 80
  serve - host 81
  filter in-too "  <rule action='drop' direction='in'><udp dstportstart='80'/></rule>" | define_text in-too
  # A rule of tcp, udp, ... is for answers as well: those that come in would not meet it.
  filter answers "  <rule action='drop' direction='out'><udp dstportstart='80'/></rule>" | define_text answers
  for name in in-too answers; do
    fails 3 nwgate bind --classid 0x100001 --filter $name
    has "$error" "$name.xml:2" 'class id'
  done
  filter out-only \
    "  <rule action='drop' direction='out'><ip protocol='udp' dstportstart='80'/></rule>" \
    "  <rule action='drop' direction='out'><tcp dstportstart='81' state='NEW'/></rule>" | define_text out-only
  fails 0 nwgate bind --classid 0x100001 --filter out-only
  cgroup2=$net_cls is_silent '' host udp 127.0.0.1 80
  cgroup2=$net_cls is_silent '' host tcp 127.0.0.1 81
  cgroup2=$net_cls talks '' host tcp 127.0.0.1 80
  talks - host udp 127.0.0.1 80
  talks - host tcp 127.0.0.1 81
  leaves_nothing classid:0x100001
}

@test "what is refused" {
  mkdir "$cgroup2$top/in"
  local text
  for text in "<mac protocolid='arp'/>" "<arp/>" "<vlan vlanid='5'/>" "<stp/>" "<rarp/>"; do
    filter wrong '' "  <rule action='drop' direction='out'>$text</rule>" | define_text wrong
    fails 3 nwgate bind --cgroup "$top/in" --filter wrong
    has "$error" wrong.xml:3
    same "$(nft list ruleset)" ''
  done
  for text in '' a/b a /a//b /a/../b /a/./b ..; do
    fails 2 nwgate bind --cgroup "$text" --filter "$access"
  done
  for text in nonsense 1.2.3 10.0.0.0/33 fe80::/129 '' /8 localhost/8; do
    fails 3 nwgate bind --cgroup "$top/in" --filter "$access" -p ALLOW="$text"
  done
  for text in 0 0x0 x 0x100000000 -1; do fails 2 nwgate bind --classid "$text" --filter "$access"; done
  fails 2 nwgate bind --cgroup "$top/in" --filter "$access" --backend none
  has "$error" 'none'
  fails 2 nwgate bind --cgroup "$top/in" --classid 5 --filter "$access"
  fails 2 nwgate bind --cgroup "$top/in" --port v0 --filter "$access"
  fails 2 nwgate bind --cgroup "$top/in"
  fails 3 nwgate bind --cgroup "$top/in" --filter nonsuch
  fails 3 nwgate unbind "$top/in"
  same "$(nft list ruleset)" ''
  same "$(ls -A "$root/run/nwgate/bindings" 2>/dev/null)" ''
}

@test "documents: check, bind of a file, the administrator's own" {
  mkdir "$cgroup2$top/in"
  serve - host 80
  echo "<cgroupbinding backend='$backend' merge='yes'>
  <owner><name>shop</name><uuid>d54df46f-1ab5-4a22-8618-4560ef5fac2c</uuid></owner>
  <cgroup path='$top/in/'/>
  <filterref filter='$access'>
    <parameter name='ALLOW' value='127.0.0.2'/>
    <parameter name='DENY' value='localhost'/>
  </filterref>
</cgroupbinding>" >binding.xml
  fails 0 nwgate check binding.xml
  fails 0 nwgate bind binding.xml
  is_silent /in host tcp 127.0.0.1 80
  is_silent /in host tcp ::1 80
  talks /in host tcp 127.0.0.2 80
  has "$(nwgate bindings)" "$top/in" shop
  fails 0 nwgate unbind "$top/in"
  sed -i 's/127.0.0.2/127.0.0.256/' binding.xml
  fails 3 nwgate check binding.xml
  has "$output$error" 'binding.xml:5:' '127.0.0.256'
  mkdir -p "$root/etc/nwgate/bindings"
  sed 's/127.0.0.256/127.0.0.3/' binding.xml >"$root/etc/nwgate/bindings/:${top#/}:in.xml"
  fails 0 nwgate apply
  talks /in host tcp 127.0.0.3 80
  is_silent /in host tcp 127.0.0.1 80
  fails 3 nwgate unbind "$top/in"
  rm "$root/etc/nwgate/bindings/"*
  fails 0 nwgate apply
  same "$(nft list ruleset)" ''
}

@test "paths that are longer than the name of a file may be" {
  local part beginning one two
  part=$(printf 'long-name.%.0s' {1..20})
  beginning=/$part/$part
  one=$beginning/one.slice two=$beginning/two.slice
  mkdir -p "$cgroup2$top$one" "$cgroup2$top$two"
  serve - host 80
  bind "$one" "$access" DENY=any
  bind "$two" "$access" DENY=127.0.0.1
  is_silent "$one" host tcp ::1 80
  is_silent "$two" host tcp 127.0.0.1 80
  talks "$two" host tcp ::1 80
  has "$(nwgate bindings)" "$top$one " "$top$two "
  has "$(nwgate chains "$top$two")" "$two"
  has "$(nwgate stats --cgroup)" "$top$one " "$top$two "
  lacks "$(nwgate stats --cgroup)" missing
  fails 0 nwgate diff
  fails 0 nwgate apply
  # Both are there once, and bound anew.
  bind "$one" "$access" DENY=127.0.0.2
  talks "$one" host tcp ::1 80
  same "$(find "$root/run/nwgate/bindings" -name '*.xml' | wc -l)" 2
  # A broken document keeps what its cgroup has.
  local document
  document=$(grep -l two.slice "$root"/run/nwgate/bindings/*)
  sed -i 's/filterref/filterwhat/' "$document"
  fails 3 nwgate apply
  has "$error" filterwhat
  is_silent "$two" host tcp 127.0.0.1 80
  sed -i 's/filterwhat/filterref/' "$document"
  cp "$document" "$BATS_TEST_TMPDIR/kept"
  echo nothing >"$document"
  fails 3 nwgate apply
  has "$error" "${document##*/}:1:"
  is_silent "$two" host tcp 127.0.0.1 80
  cp "$BATS_TEST_TMPDIR/kept" "$document"
  # A file of that name that binds another is not written over.
  mv "$document" "$BATS_TEST_TMPDIR/kept"
  sed 's/two.slice/three.slice/' "$BATS_TEST_TMPDIR/kept" >"$document"
  fails 3 nwgate bind --backend "$backend" --cgroup "$top$two" --filter "$access" -p DENY=any
  has "$error" 'binds another cgroup'
  fails 3 nwgate unbind "$top$two"
  mv "$BATS_TEST_TMPDIR/kept" "$document"
  fails 0 nwgate unbind "$top$one"
  talks "$one" host tcp 127.0.0.1 80
  # The administrator's own.
  mkdir -p "$root/etc/nwgate/bindings"
  mv "$document" "$root/etc/nwgate/bindings/"
  fails 0 nwgate apply
  is_silent "$two" host tcp 127.0.0.1 80
  rm "$root"/etc/nwgate/bindings/*
  fails 0 nwgate apply
  same "$(nft list ruleset)" ''
  talks "$two" host tcp 127.0.0.1 80
  # No cgroup is longer than this.
  part=$(printf 'x%.0s' {1..250})
  one=/x
  while [ ${#one} -lt 4000 ]; do one+=/$part; done
  fails 2 nwgate bind --cgroup "$one/$part" --filter "$access"
  has "$error" '4095'
  fails 2 nwgate bind --cgroup "/$part$part" --filter "$access"
  has "$error" '255'
  fails 2 nwgate run --cgroup "$one/$part" --filter "$access" -- true
  has "$error" '4095'
  echo "<cgroupbinding><cgroup path='$one/$part'/><filterref filter='$access'/></cgroupbinding>" >long.xml
  fails 3 nwgate bind long.xml
  has "$error" '4095'
}
