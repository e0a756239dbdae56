#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# nwgate explain: forms, exit codes, wrong words.
load ../kernel/lifecycle/helpers

@test "the way of a packet, of a port and of a document" {
  binding v0 clean-traffic IP=10.0.0.1 >v0.xml
  fails 0 nwgate explain v0.xml 'out udp 10.0.0.1:1 > 10.0.0.2:2' --expect accept
  has "$output" 'ethernet: accept' 'yes mac ' '[no: ip.saddr is 10.0.0.1]' 'accept, by clean-traffic.xml:10:3'
  nwgate bind v0.xml
  fails 0 nwgate explain v0 out udp 10.0.0.9:1 '>' 10.0.0.2:2 --expect drop
  has "$output" 'drop, by no-ip-spoofing.xml:11:3 < clean-traffic.xml:9:3'
  fails 1 nwgate explain v0 out udp 10.0.0.9:1 '>' 10.0.0.2:2 --expect accept
  fails 0 nwgate explain v0 --json 'out arp 10.0.0.9 > 10.0.0.2'
  python3 -c 'import json, sys; r = json.load(sys.stdin); assert r["verdict"] == "drop" and r["layers"][0]["rules"], r' <<<"$output"
}

@test "what cannot be explained" {
  binding v0 clean-traffic IP=10.0.0.1 >v0.xml
  fails 2 nwgate explain v0.xml 'out tcp 10.0.0.1'
  has "$error" "'>' is missing at the end"
  fails 2 nwgate explain v7 'out tcp 10.0.0.1 > 10.0.0.2'
  has "$error" "the port 'v7' has no binding"
  fails 2 nwgate explain v0.xml 'out tcp 10.0.0.1 > 10.0.0.2' --expect maybe
  fails 2 nwgate explain v0.xml
  binding v0 no-such-filter >v0.xml
  fails 3 nwgate explain v0.xml 'out tcp 10.0.0.1 > 10.0.0.2'
  has "$error" NWG301
}

# A capture of UDP without checksums and of ARP, between the workload's address and that of another: the workload asks, is
# answered, asks from a foreign address, and asks by ARP; the last frame is cut.
write_capture() { # file
  python3 - "$1" <<'PYTHON'
import socket, struct, sys
ME, OTHER = bytes.fromhex("525400000001"), bytes.fromhex("5254000000fe")

def udp(source, target, sport, dport, macs=(ME, OTHER)):
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 32, 1, 0, 64, 17, 0, socket.inet_aton(source), socket.inet_aton(target))
    total = sum(struct.unpack(">10H", ip))
    total = (total & 0xffff) + (total >> 16)
    ip = ip[:10] + struct.pack(">H", ~total & 0xffff) + ip[12:]
    return macs[1] + macs[0] + b"\x08\x00" + ip + struct.pack(">4H", sport, dport, 12, 0) + b"data"

arp = OTHER + ME + b"\x08\x06" + struct.pack(">HHBBH", 1, 0x800, 6, 4, 1) + ME + bytes([10, 0, 0, 1]) + bytes(6) + bytes([10, 0, 0, 2])
frames = [udp("10.0.0.1", "10.0.0.2", 1000, 53), udp("10.0.0.2", "10.0.0.1", 53, 1000, (OTHER, ME)),
          udp("10.0.0.9", "10.0.0.2", 1000, 53), arp, udp("10.0.0.1", "10.0.0.2", 1000, 53)[:20]]
with open(sys.argv[1], "wb") as file:
    file.write(struct.pack("<IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
    for i, frame in enumerate(frames):
        file.write(struct.pack("<IIII", 1000000000 + i, 5, len(frame), max(len(frame), 42)) + frame)
PYTHON
}

# Only what the workload has begun.
answers_only() {
  filter answers "<filterref filter='clean-traffic'/>" "<rule action='accept' direction='out'><udp dstportstart='53'/></rule>" \
    "<rule action='drop' direction='inout' priority='1000'><all/></rule>" | define_text answers
  binding v0 answers IP=10.0.0.1 >v0.xml
}

@test "each packet of a capture" {
  answers_only
  write_capture 'a b.pcap'
  fails 0 nwgate explain v0.xml 'a b.pcap'
  has "$output" 'packet 1, 2001-09-09T01:46:40.000005000Z' 'out udp 10.0.0.1:1000 > 10.0.0.2:53 new' \
    'in udp 10.0.0.2:53 > 10.0.0.1:1000 established reply' 'drop, by no-ip-spoofing.xml' 'out arp 10.0.0.1 > 10.0.0.2' \
    'note: not judged: the capture has only 20 of 42 bytes' '5 packets: 3 accept, 1 drop, 0 reject, 1 not judged'
  cp 'a b.pcap' capture
  fails 0 nwgate explain v0.xml capture --summary
  has "$output" '    2  in udp 10.0.0.2:53 > 10.0.0.1:1000 established reply  accept  ' '    3  out udp 10.0.0.9' '  drop  no-ip-spoofing.xml:'
  [ "$(wc -l <<<"$output")" = 6 ]
  fails 0 nwgate explain v0.xml - --summary <capture
  has "$output" '5 packets: '
  fails 0 nwgate explain v0.xml capture --json
  python3 -c '
import json, sys
r = json.load(sys.stdin)
assert [p["verdict"] for p in r["packets"]] == ["accept", "accept", "drop", "accept", None], r
assert r["packets"][1]["direction"] == "in" and r["packets"][0]["packet"] == 1 and r["packets"][0]["layers"], r
assert r["counts"] == {"accept": 3, "drop": 1, "reject": 0, "not_judged": 1}, r' <<<"$output"
  fails 0 nwgate explain v0.xml capture --json --summary
  lacks "$output" layers
  fails 0 nwgate explain v0.xml capture --direction in --summary
  lacks "$output" ' out '
}

@test "what is expected of a capture" {
  answers_only
  write_capture all.pcap
  fails 1 nwgate explain v0.xml all.pcap --expect accept
  fails 1 nwgate explain v0.xml all.pcap --expect drop
  head -c $((24 + 2 * (16 + 46))) all.pcap >two.pcap
  fails 0 nwgate explain v0.xml two.pcap --expect accept
  fails 1 nwgate explain v0.xml two.pcap --expect drop
}

@test "captures that cannot be explained" {
  answers_only
  write_capture all.pcap
  fails 4 nwgate explain v0.xml none.pcap
  has "$error" 'nwgate: cannot read none.pcap: No such file or directory'
  fails 4 nwgate explain v0.xml v0.xml
  has "$error" 'nwgate: cannot read v0.xml as a capture: '
  head -c 100 all.pcap >broken.pcap
  fails 4 nwgate explain v0.xml broken.pcap
  has "$output" 'packet 1, '
  has "$error" 'nwgate: cannot read broken.pcap behind frame 1: '
  fails 4 nwgate explain v0.xml broken.pcap --json
  python3 -c 'import json, sys; r = json.load(sys.stdin); assert len(r["packets"]) == 1 and "behind frame 1" in r["error"], r' <<<"$output"
  printf '\x00' | dd of=all.pcap bs=1 seek=20 conv=notrunc status=none # another link type
  fails 4 nwgate explain v0.xml all.pcap
  has "$error" 'its link type is NULL, not Ethernet'
  fails 2 nwgate explain v0.xml 'out tcp 10.0.0.1 > 10.0.0.2' --summary
  has "$error" '--direction and --summary go with a capture'
  fails 2 nwgate explain v0.xml all.pcap --direction up
  has "$error" "no direction 'up': out, in or auto"
}
