#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Cgroups in the layout xtables: what iptables shows, and what its match sees. Run with LAYOUT=xtables, behind cgroups.bats.
load helpers
load sockets
load cgroups

number_of() { stat -c %i "$cgroup2$top$1"; }

# A connection between a socket in the cgroup, which listens or connects, and one elsewhere; then a byte each way, each time that a
# line is read. Prints `in` if the byte arrives in the cgroup, `out` if the one that is sent there does.
talk_on_a_connection() { # CGROUP PLACE-OF-THE-OTHER ADDRESS-OF-THE-CGROUP
  local command i
  command_in "$1" host timeout 60 python3 -c '
import socket, sys
server = socket.create_server((sys.argv[1], 4000))
open(sys.argv[2], "w").close()
s = server.accept()[0]
s.settimeout(2)
for line in open(sys.argv[3]):
    try: got = s.recv(1)
    except OSError: got = b""
    open(sys.argv[4], "a").write("in\n" if got else "lost\n")' "$3" "$BATS_TEST_TMPDIR/ready" "$BATS_TEST_TMPDIR/ask" "$BATS_TEST_TMPDIR/said"
  mkfifo "$BATS_TEST_TMPDIR/ask" "$BATS_TEST_TMPDIR/send"
  "${command[@]}" >/dev/null 2>&1 3>&- &
  started="${started:-} $!"
  for ((i = 0; i < 250; i++)); do [ ! -e "$BATS_TEST_TMPDIR/ready" ] || break; sleep 0.02; done
  command_in - "$2" timeout 60 python3 -c '
import socket, sys
s = socket.create_connection((sys.argv[1], 4000), 5)
for line in open(sys.argv[2]): s.send(b"x")' "$3" "$BATS_TEST_TMPDIR/send"
  "${command[@]}" >/dev/null 2>&1 3>&- &
  started="$started $!"
  exec 5>"$BATS_TEST_TMPDIR/ask" 6>"$BATS_TEST_TMPDIR/send"
}
arrives_on_it() { # in|lost
  local i
  : >"$BATS_TEST_TMPDIR/said"
  echo >&5
  echo >&6
  for ((i = 0; i < 300; i++)); do [ ! -s "$BATS_TEST_TMPDIR/said" ] || break; sleep 0.02; done
  same "$(<"$BATS_TEST_TMPDIR/said")" "$1"
}

@test "iptables-save shows the chains, and iptables-restore takes them back" {
  local id tool
  mkdir -p "$cgroup2$top/a.slice/b c.service"
  serve - host 80
  bind '/a.slice/b c.service' ip-access ALLOW=127.0.0.0/8 DENY=any
  id=$(number_of '/a.slice/b c.service')
  has "$(iptables-save)" \
    "-A OUTPUT -m cgroup --path \"${top#/}/a.slice/b c.service\" -j CO-$id" \
    "-A INPUT -m cgroup --path \"${top#/}/a.slice/b c.service\" -j CI-$id" \
    "-A CO-$id -d 127.0.0.0/8 -j RETURN" \
    "-A CO-$id -j REJECT --reject-with icmp-port-unreachable"
  has "$(ip6tables-save)" "-A CO-$id -j REJECT --reject-with icmp6-port-unreachable"
  same "$(nwgate chains "$top/a.slice/b c.service" --format xtables | sed -n 's/^\[[0-9]*:[0-9]*\] //p' | grep -c "$id")" \
    "$( { iptables-save; ip6tables-save; } | grep -c "^-A.*$id")"
  lacks "$(iptables-save)" nwgate-in # of ports
  for tool in iptables ip6tables; do $tool-save >"$tool.saved"; done
  nft flush ruleset
  talks '/a.slice/b c.service' host tcp ::1 80
  for tool in iptables ip6tables; do $tool-restore <"$tool.saved"; done
  talks '/a.slice/b c.service' host tcp 127.0.0.1 80
  is_silent '/a.slice/b c.service' host tcp ::1 80
  # The marks are lost with that: what is there is not nwgate's any more.
  fails 4 nwgate apply
  has "$error" NWG503 "CO-$id"
  fails 0 nwgate apply --adopt
  is_silent '/a.slice/b c.service' host tcp ::1 80
  for tool in iptables ip6tables; do same "$($tool-save | stateless | sort)" "$(stateless <$tool.saved | sort)"; done
  fails 0 nwgate diff
  fails 0 nwgate unbind "$top/a.slice/b c.service"
  same "$(iptables-save | grep "$id")" ''
}

@test "what comes in: on connections from other hosts, but on no other way" {
  local id address kind
  make_peer
  mkdir "$cgroup2$top/in" "$cgroup2$top/near"
  filter deaf "  <rule action='drop' direction='in'><ip/></rule>" \
    "  <rule action='drop' direction='in'><ipv6/></rule>" | define_text deaf
  serve /in host 81
  serve - host 80
  serve - "$peer" 80
  talk_on_a_connection /in "$peer" 10.9.0.1
  arrives_on_it in
  bind /in deaf
  has "$error" NWG505 warning
  arrives_on_it lost
  for kind in tcp connected; do
    for address in 10.9.0.2 fd09::2; do is_silent /in host $kind $address 80; done
    for address in 127.0.0.1 ::1; do talks /in host $kind $address 80; done
  done
  talks /in host udp 10.9.0.2 80
  # A listening socket, and one that is not connected; and whatever comes by the loopback device: the kernel has no socket for these
  # packets yet, or none any more.
  for address in 10.9.0.1 fd09::1; do
    talks - "$peer" udp $address 81
    talks - host tcp $address 81
    talks - host udp $address 81
  done
  same "$(within - nsenter --net="/proc/$peer/ns/net" timeout 5 python3 -c '
import socket
socket.create_connection(("10.9.0.1", 81), 2)
print("SYN passes")')" 'SYN passes'
  id=$(number_of /in)
  has "$(iptables -nvxL "CI-$id" | awk '/DROP/ { print ($1 > 0 ? "counted" : "none") }')" counted
  exec 5>&- 6>&-
  # What is denied on its way out needs no warning.
  filter mute "  <rule action='drop' direction='out'><ip/></rule>" | define_text mute
  bind /near mute
  lacks "$error" NWG505
  leaves_nothing "$top/in" "$top/near"
}

@test "sub-chains: what they accept, return and drop" {
  local port
  mkdir "$cgroup2$top/in"
  for port in 80 81 82 83; do serve - host $port; done
  filter mine-sub "  <rule action='accept' direction='out' priority='1'><ip protocol='udp' dstportstart='80'/></rule>" \
    "  <rule action='return' direction='out' priority='2'><ip protocol='udp' dstportstart='81'/></rule>" \
    "  <rule action='return' direction='out' priority='2'><ip protocol='udp' dstportstart='82'/></rule>" \
    "  <rule action='drop' direction='out' priority='3'><ip protocol='udp' dstportstart='83'/></rule>" |
    sed "s/'mine-sub'/'mine-sub' chain='ipv4-mine'/" | define_text mine-sub
  filter mine "  <filterref filter='mine-sub'/>" \
    "  <rule action='drop' direction='out' priority='500'><ip protocol='udp' dstportstart='80' dstportend='81'/></rule>" \
    "  <rule action='drop' direction='out' priority='600'><udp dstportstart='82' state='NEW'/></rule>" | define_text mine
  bind /in mine
  talks /in host udp 127.0.0.1 80    # accepted in the sub-chain: the rest of the layer does not matter
  is_silent /in host udp 127.0.0.1 81 # returned, and dropped by the rest
  is_silent /in host udp 127.0.0.1 82 # returned, and dropped by the IP layer
  is_silent /in host udp 127.0.0.1 83
  talks /in host tcp 127.0.0.1 83
  for port in 80 81 82 83; do talks - host udp 127.0.0.1 $port; done
  has "$(nwgate chains "$top/in")" "-g CO-$(number_of /in)-ipv4-mine" mine-sub.xml:2
  leaves_nothing "$top/in"
}

@test "IP sets, and limits of connections" {
  mkdir "$cgroup2$top/in"
  serve - host 80
  ipset create "nwg$$" hash:ip
  ipset add "nwg$$" 127.0.0.2
  filter by-set "  <rule action='drop' direction='out'><all ipset='nwg$$' ipsetflags='dst'/></rule>" \
    "  <rule action='drop' direction='out'><tcp dstportstart='80' connlimit-above='1'/></rule>" | define_text by-set
  fails 0 nwgate bind --cgroup "$top/in" --filter by-set # auto: neither BPF nor the layout nftables can
  talks /in host udp 127.0.0.1 80
  is_silent /in host udp 127.0.0.2 80
  same "$(within /in timeout 9 python3 -c '
import socket
one = socket.create_connection(("127.0.0.1", 80), 2)
try: socket.create_connection(("127.0.0.1", 80), 1)
except OSError as e: print(type(e).__name__)')" TimeoutError
  leaves_nothing "$top/in"
  ipset destroy "nwg$$"
  LAYOUT=nftables fails 3 nwgate bind --backend nftables --cgroup "$top/in" --filter by-set
}

@test "a rule of somebody else's that accepts everything does not stand in front" {
  mkdir "$cgroup2$top/in"
  serve - host 80
  iptables -A OUTPUT -j ACCEPT
  iptables -A INPUT -p tcp --dport 9 -j DROP
  local before
  before=$(iptables-save | grep ^-A)
  bind /in ip-access DENY=any
  is_silent /in host tcp 127.0.0.1 80
  fails 0 nwgate unbind "$top/in"
  same "$(iptables-save | grep ^-A)" "$before"
}

@test "a cgroup that is made again has another chain" {
  local old new
  mkdir "$cgroup2$top/in"
  serve - host 80
  bind /in ip-access DENY=any
  old=$(number_of /in)
  rmdir "$cgroup2$top/in"
  mkdir "$cgroup2$top/in"
  new=$(number_of /in)
  [ "$old" != "$new" ]
  has "$(iptables-save)" "--path \"${top#/}/in\" -j CO-$old" # iptables sees no difference
  talks /in host tcp 127.0.0.1 80
  fails 1 nwgate diff
  has "$output" "CO-$old" "CO-$new"
  fails 0 nwgate apply
  is_silent /in host tcp 127.0.0.1 80
  lacks "$(iptables-save)" "CO-$old"
  leaves_nothing "$top/in"
}

@test "a cgroup that goes while its rules are made: it waits" {
  local i
  bind /in ip-access DENY=any
  python3 -c '
import os, sys, time
while True:
    os.mkdir(sys.argv[1])
    time.sleep(.0005)
    os.rmdir(sys.argv[1])' "$cgroup2$top/in" >/dev/null 2>&1 3>&- &
  started="${started:-} $!"
  for ((i = 0; i < 60; i++)); do fails 0 nwgate apply; done
  kill -9 $!
  wait $! || true
  rmdir "$cgroup2$top/in" 2>/dev/null || true
  fails 0 nwgate apply
  same "$(nft list ruleset)" ''
  leaves_nothing "$top/in"
}

@test "layouts: cgroups move with the settings" {
  mkdir "$cgroup2$top/in" "$cgroup2$top/broken"
  serve - host 80
  bind /in ip-access DENY=any
  filter gone "  <rule action='reject' direction='out'><udp/></rule>" | define_text gone
  bind /broken gone
  has "$(nft list tables)" 'ip filter'
  LAYOUT='' fails 0 nwgate apply
  same "$(nft list tables)" 'table inet nwgate'
  is_silent /in host tcp 127.0.0.1 80
  LAYOUT='' fails 0 nwgate diff
  # One whose document is wrong keeps what it has.
  sed -i 's/gone/none/' "$root/run/nwgate/bindings/:${top#/}:broken.xml"
  fails 3 nwgate apply
  is_silent /in host tcp 127.0.0.1 80
  is_silent /broken host udp 127.0.0.1 80
  sed -i 's/none/gone/' "$root/run/nwgate/bindings/:${top#/}:broken.xml"
  fails 0 nwgate apply
  lacks "$(nft list tables)" inet
  is_silent /in host tcp 127.0.0.1 80
  is_silent /broken host udp 127.0.0.1 80
  leaves_nothing "$top/in" "$top/broken"
}

@test "beside ports, in one transaction" {
  local before
  make_ports
  mkdir "$cgroup2$top/in"
  serve - host 80
  all_layers a 11 | define_text a
  binding v0 a >v0.xml
  nwgate bind v0.xml
  before=$(iptables-save | stateless)
  bind /in ip-access DENY=any
  is_silent /in host tcp 127.0.0.1 80
  fails 0 nwgate diff
  fails 0 nwgate unbind v0
  lacks "$(iptables-save)" nwgate-in
  is_silent /in host tcp 127.0.0.1 80
  fails 0 nwgate diff
  nwgate bind v0.xml
  fails 0 nwgate unbind "$top/in"
  same "$(iptables-save | stateless | sort)" "$(sort <<<"$before")"
  fails 0 nwgate diff
  bind /in ip-access DENY=any
  before=$(generation)
  nft flush ruleset
  [ "$(generation)" = $((before + 1)) ]
  fails 0 nwgate apply
  same "$(generation)" $((before + 2))
  is_silent /in host tcp 127.0.0.1 80
  leaves_nothing "$top/in" v0
}

@test "statistics: what was let through and denied, also when rules go" {
  mkdir -p "$cgroup2$top/in/below"
  counts() { nwgate --json stats "$top/in" | tr -d ' \n' | grep -o '"out":{[^}]*}' | head -n 1; }
  send() { within /in/below timeout 5 python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for port in sys.argv[1:]:
    try: s.sendto(b"12345678", ("127.0.0.1", int(port)))
    except OSError: pass' "$@"; }
  filter one "  <rule action='drop' direction='out' priority='1'><ip protocol='udp' dstportstart='81'/></rule>" \
    "  <rule action='drop' direction='out' priority='2'><ip protocol='udp' dstportstart='82'/></rule>" | define_text one
  bind /in one
  send 80 80 81 82 82 82
  same "$(counts)" '"out":{"packets":2,"bytes":72,"dropped_packets":4,"dropped_bytes":144}'
  has "$(nwgate stats --cgroup)" xtables
  has "$(nwgate chains "$top/in")" 'accepted' "CO-$(number_of /in)"
  filter one "  <rule action='drop' direction='out' priority='1'><ip protocol='udp' dstportstart='81'/></rule>" | define_text one
  same "$(counts)" '"out":{"packets":2,"bytes":72,"dropped_packets":1,"dropped_bytes":36}'
  send 82 81
  same "$(counts)" '"out":{"packets":3,"bytes":108,"dropped_packets":2,"dropped_bytes":72}'
  leaves_nothing "$top/in"
}

@test "run" {
  serve - host 80
  fails 0 nwgate run --backend nftables --cgroup "$top/run" --filter ip-access -p DENY=any -p ALLOW=127.0.0.1 --stats -- python3 -c '
import socket
print(socket.create_connection(("127.0.0.1", 80), 2).recv(5))
try: socket.create_connection(("127.0.0.2", 80), 2)
except OSError as e: print(type(e).__name__)'
  same "$output" $'b\'hello\'\nConnectionRefusedError'
  has "$error" xtables OUT-DENIED
  [ ! -d "$cgroup2$top/run" ]
  same "$(nft list ruleset)" ''
}

@test "render, without privileges" {
  cat >cgroup.xml <<X
<cgroupbinding><cgroup path='/a.slice/b'/><filterref filter='ip-access'><parameter name='DENY' value='any'/></filterref></cgroupbinding>
X
  fails 0 nwgate render cgroup.xml --format xtables
  has "$output" ':CO-0 - [0:0]' '-A OUTPUT -m cgroup --path "a.slice/b" -j CO-0' '-A CO-0 -j REJECT --reject-with icmp6-port-unreachable'
  lacks "$output" nwgate
  LAYOUT=nftables fails 0 nwgate render cgroup.xml --format xtables
  fails 0 nwgate render cgroup.xml --format nft
  has "$output" 'chain ip filter CO-0' 'match name cgroup'
  sed "s/<cgroupbinding>/<cgroupbinding backend='bpf'>/" cgroup.xml >bpf.xml
  fails 2 nwgate render bpf.xml --format xtables
}

@test "what iptables cannot say is refused at its line, before anything changes" {
  mkdir "$cgroup2$top/in"
  local text
  for text in "<ip protocol='33' dstportstart='5'/>" "<ipv6 protocol='icmpv6' type='0' typeend='200'/>" "<udplite/>"; do
    filter wrong '' "  <rule action='drop' direction='out'>$text</rule>" | define_text wrong
    if [ "$text" = "<udplite/>" ]; then
      bind /in wrong
      fails 0 nwgate unbind "$top/in"
      continue
    fi
    fails 3 nwgate bind --backend nftables --cgroup "$top/in" --filter wrong
    has "$error" wrong.xml:3 NWG501
    same "$(nft list ruleset)" ''
    fails 3 nwgate bind --backend nftables --cgroup "$top/absent" --filter wrong
  done
}
