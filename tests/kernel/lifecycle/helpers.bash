# SPDX-License-Identifier: LGPL-2.1-or-later
# What the bats tests of the command share. Loaded by each file; see private_bats.
# shellcheck shell=bash

# Each test begins with an empty ruleset and with directories of its own.
setup() {
  if [ "${NWG_PRIVATE:-}" != "$(readlink /proc/self/ns/net)" ]; then
    echo 'run this with tests/kernel/lifecycle/private_bats' >&2
    return 1
  fi
  nft flush ruleset
  remove_ports
  root=$BATS_TEST_TMPDIR/root
  mkdir -p "$root"
  cd "$BATS_TEST_TMPDIR" || return 1
}

# LAYOUT is that of the tests of one layout.
nwgate() { "$NWGATE" --root "$root" ${LAYOUT:+--layout "$LAYOUT"} "$@"; }

# fails CODE COMMAND...: the command must end with that code; what it says on stderr is left in $error, stdout in $output.
fails() {
  local want=$1 code=0
  shift
  "$@" >"$BATS_TEST_TMPDIR/.out" 2>"$BATS_TEST_TMPDIR/.err" || code=$?
  output=$(<"$BATS_TEST_TMPDIR/.out")
  error=$(<"$BATS_TEST_TMPDIR/.err")
  [ "$code" = "$want" ] || { echo "exit code $code instead of $want: $*"; echo "$output"; echo "$error"; return 1; }
}

# has TEXT PART...: each part is in the text.
has() {
  local text=$1 part
  shift
  for part; do
    [[ $text == *"$part"* ]] || { printf 'not found: %s\nin:\n%s\n' "$part" "$text"; return 1; }
  done
}
lacks() { [[ $1 != *"$2"* ]] || { printf 'found: %s\nin:\n%s\n' "$2" "$1"; return 1; }; }
# same LEFT RIGHT: shows the difference when they are not the same.
same() { [ "$1" = "$2" ] || { diff <(echo "$1") <(echo "$2"); return 1; }; }

# binding PORT FILTER [NAME=VALUE]...: a document, to stdout.
binding() {
  local port=$1 filter=$2 parameter
  shift 2
  echo "<filterbinding>"
  echo "  <portdev name='$port'/>"
  echo "  <mac address='52:54:00:00:00:01'/>"
  echo "  <filterref filter='$filter'>"
  for parameter; do echo "    <parameter name='${parameter%%=*}' value='${parameter#*=}'/>"; done
  echo "  </filterref>"
  echo "</filterbinding>"
}

# filter NAME [LINE]...: a document whose content is the lines, to stdout. The first of them is line 2.
filter() {
  echo "<filter name='$1'>"
  shift
  printf '%s\n' "$@"
  echo "</filter>"
}

# A filter with rules in all three tables, that tells itself apart by a port number: all_layers NAME NUMBER.
all_layers() {
  filter "$1" \
    "  <rule action='drop' direction='out'><mac protocolid='0x88$2'/></rule>" \
    "  <rule action='accept' direction='inout'><tcp dstportstart='$2'/></rule>" \
    "  <rule action='drop' direction='inout'><all/></rule>" \
    "  <rule action='accept' direction='inout'><tcp-ipv6 dstportstart='$2'/></rule>" \
    "  <rule action='drop' direction='inout'><all-ipv6/></rule>"
}

define_text() {
  local name=$1
  cat >"$BATS_TEST_TMPDIR/$name.xml"
  nwgate define "$BATS_TEST_TMPDIR/$name.xml"
}

# Everything in the kernel, with handles, without counts.
everything() {
  nft -a -s list ruleset 2>/dev/null
  nft list tables ip | grep -qx 'table ip filter' && iptables-save -t filter 2>/dev/null | stateless
  nft list tables ip6 | grep -qx 'table ip6 filter' && ip6tables-save -t filter 2>/dev/null | stateless
  nft list tables bridge | grep -qx 'table bridge nat' && ebtables-save 2>/dev/null | stateless
  true
}
stateless() { sed -e '/^#/d' -e 's/\[[0-9]*:[0-9]*\]$//'; }

# Everything that is not nwgate's, of the tables that exist anyway.
foreign() {
  everything | awk -v ours='(^|[ "])((nwgate-(in|out|in-post|host-in|[IO]-[^ ]*))|F[IO]-[^ ]*|HI-[^ ]*|[IO]-v[^ ]*)($|[ "])' '
    /^\tchain / && $2 ~ ours { skip = 1 }
    !skip && !/^:/ && $0 !~ ours { print }
    /^:/ && substr($1, 2) !~ ours { print }
    /^\t}/ { skip = 0 }' | sed '/^$/d'
}

generation() { # of the ruleset: moves with every commit
  python3 - <<'PY'
import socket, struct
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
s.bind((0, 0))
s.send(struct.pack('=IHHII', 20, (10 << 8) | 16, 1, 1, 0) + b'\0\0\0\0')
data, at = s.recv(4096), 20
while at < len(data):
    size, kind = struct.unpack_from('=HH', data, at)
    if kind == 1:
        print(struct.unpack_from('>I', data, at + 4)[0])
    at += (size + 3) & ~3
PY
}

# files: all documents below the root, with their content.
files() { find "$root" -type f -name '*.xml' -print -exec cat {} \; | sort; }

# Two guests on a bridge: port v0 with its guest's end g0, and v1 with g1. All in this namespace; frames are sent as they are.
make_ports() {
  local i
  ip link add br0 type bridge
  ip link set br0 up
  for i in 0 1; do
    ip link add "v$i" type veth peer name "g$i"
    sysctl -qw "net.ipv6.conf.v$i.disable_ipv6=1" "net.ipv6.conf.g$i.disable_ipv6=1"
    ip link set "v$i" master br0 up
    ip link set "g$i" address "52:54:00:00:00:0$((i + 1))" up
  done
}
remove_ports() {
  local link
  for link in v0 v1 w0 m0 b0 br0 br1; do ip link delete $link 2>/dev/null || true; done
}

# send_frames COUNT DPORT [ip|ip6]: UDP from guest 0 to guest 1.
send_frames() {
  python3 - "$@" <<'PY'
import socket, struct, sys
count, port, family = int(sys.argv[1]), int(sys.argv[2]), (sys.argv + ['', 'ip'])[3] or 'ip'
ether = bytes.fromhex('525400000002' '525400000001')
udp = struct.pack('>HHHH', 1000, port, 12, 0) + b'test'
if family == 'ip6':
    frame = ether + b'\x86\xdd' + struct.pack('>IHBB', 6 << 28, 12, 17, 64) + socket.inet_pton(10, 'fd00::1') + socket.inet_pton(10, 'fd00::2') + udp
else:
    head = struct.pack('>BBHHHBBH4s4s', 0x45, 0, 32, 1, 0, 64, 17, 0, socket.inet_aton('10.0.0.1'), socket.inet_aton('10.0.0.2'))
    total = sum(struct.unpack('>10H', head))
    total = (total & 0xffff) + (total >> 16)
    head = head[:10] + struct.pack('>H', 0xffff & ~total) + head[12:]
    frame = ether + b'\x08\x00' + head + udp
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(('g0', 0))
for _ in range(count):
    s.send(frame)
PY
}

# frame FROM TO WHAT [SPORT]: whether a frame arrives that guest FROM (g0, g1) sends; WHAT is the UDP port that it is for, or 0xTYPE.
# TO is the other guest, or the device of the bridge, whose own address it is for then.
frame() {
  python3 - "$@" <<'PY'
import fcntl, select, socket, struct, sys, time
source, target, what, sport = (sys.argv[1:] + ['1000'])[:4]
def mac(device):
    s = socket.socket()
    return fcntl.ioctl(s, 0x8927, struct.pack('256s', device.encode()))[18:24]
def open_at(device):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.ntohs(3))
    s.bind((device, 0))
    return s
marker = b'frame %012x' % time.monotonic_ns()
hosts = {'g0': '10.0.0.1', 'g1': '10.0.0.2'}
if what.startswith('0x'):
    body = struct.pack('>H', int(what, 16)) + marker
else:
    udp = struct.pack('>HHHH', int(sport), int(what), 8 + len(marker), 0) + marker
    head = struct.pack('>BBHHHBBH4s4s', 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, socket.inet_aton(hosts[source]),
                       socket.inet_aton(hosts.get(target, '10.0.0.254')))
    total = sum(struct.unpack('>10H', head))
    total = (total & 0xffff) + (total >> 16)
    body = b'\x08\x00' + head[:10] + struct.pack('>H', 0xffff & ~total) + head[12:] + udp
there, here = open_at(target), open_at(source)
for attempt in range(3 if target in hosts else 1):  # a port that has just come up may lose some
    here.send(mac(target) + mac(source) + body)
    end = time.monotonic() + .15
    while time.monotonic() < end:
        if select.select([there], [], [], max(0, end - time.monotonic()))[0] and marker in there.recv(4096):
            sys.exit(0)
sys.exit(1)
PY
}
arrives() { frame "$@" || { echo "does not arrive: $*"; return 1; }; }
is_lost() { ! frame "$@" || { echo "arrives: $*"; return 1; }; }
