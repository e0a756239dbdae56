# SPDX-License-Identifier: LGPL-2.1-or-later
"""A bridge with a workload behind each of its ports, in network namespaces of its own: what a packet takes from one workload to
another, and whether the rules in between filter."""
import os
import re
import socket
import struct
import sys
import time

import bench

PORT_NUMBER = 4000
BROADCAST = '10.255.255.255'


def hex_of_mac(text):
    return bytes.fromhex(text.replace(':', ''))


def checksum(data):
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    total = (total & 0xffff) + (total >> 16)
    return ~(total + (total >> 16)) & 0xffff


def udp_frame(source_mac, target_mac, source, target):
    """64 bytes, as packet_sender's are."""
    header = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 50, 0, 0, 64, 17, 0, socket.inet_aton(source), socket.inet_aton(target))
    header = header[:10] + struct.pack('!H', checksum(header)) + header[12:]
    udp = struct.pack('!HHHH', PORT_NUMBER, PORT_NUMBER, 30, 0) + bytes(22)
    return hex_of_mac(target_mac) + hex_of_mac(source_mac) + b'\x08\0' + header + udp


class Bridge:
    """Ports of these numbers (bench.name_of_port and so on). The first sends to the second; all others only listen."""

    def __init__(self, ports, sender_program):
        self.ports, self.sender_program, self.times = list(ports), sender_program, []
        self.sender, self.receiver = self.ports[:2]
        self.a, self.b = bench.Namespace(), bench.Namespace()
        others = bench.Namespace() if len(self.ports) > 2 else None
        self.host = bench.Namespace()
        # Bridges must not turn to each other, nor change their mind: no spanning tree, entries that do not age.
        lines = ['link set lo up', 'link add br0 type bridge stp_state 0 forward_delay 0 ageing_time 10000000', 'link set br0 up']
        for port in self.ports:
            home = {self.sender: self.a, self.receiver: self.b}.get(port, others)
            name = bench.name_of_port(port)
            lines += ['link add %s type veth peer name w%s address %s netns %s' % (name, name, bench.mac_of_port(port), home.path),
                      'link set %s master br0 up' % name]
        bench.run(['ip', '-batch', '-'], '\n'.join(lines) + '\n')
        self.sockets, self.sinks = {}, []
        for home, own, peer in ((self.a, self.sender, self.receiver), (self.b, self.receiver, self.sender)):
            home.enter()
            device = 'w' + bench.name_of_port(own)
            bench.run(['ip', '-batch', '-'], '\n'.join([
                'link set lo up', 'link set %s up' % device, 'address add %s/8 broadcast + dev %s' % (bench.address_of_port(own), device),
                'neigh add %s lladdr %s dev %s nud permanent' % (bench.address_of_port(peer), bench.mac_of_port(peer), device)]) + '\n')
            raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            raw.bind((device, 0))
            self.sockets[own] = raw
            # What arrives ends at a socket that is full: it costs the same for every packet, wakes nobody, and nobody answers it.
            sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sink.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1) # packet_sender's is of the same port number
            sink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            sink.bind(('', PORT_NUMBER))
            self.sinks.append(sink)
        if others:
            others.enter()
            bench.run(['ip', '-batch', '-'], ''.join('link set w%s up\n' % bench.name_of_port(port) for port in self.ports[2:]))
        self.others = others
        self.host.enter()
        time.sleep(.05)

    def index_of(self, port):
        self.host.enter()
        return socket.if_nametoindex(bench.name_of_port(port))

    def arrived(self, port=None):
        """How many packets have come to the workload behind a port; the receiver's unless said otherwise."""
        port = self.receiver if port is None else port
        {self.sender: self.a, self.receiver: self.b}.get(port, self.others).enter()
        with open('/proc/thread-self/net/dev', encoding='utf-8') as text:
            found = re.search(r'w%s:\s*\d+\s+(\d+)' % bench.name_of_port(port), text.read())
        self.host.enter()
        return int(found[1])

    def passes(self, frame, back=False):
        sender, receiver = (self.receiver, self.sender) if back else (self.sender, self.receiver)
        before = self.arrived(receiver)
        self.sockets[sender].send(frame)
        time.sleep(.02)
        return self.arrived(receiver) > before

    def frame(self, back=False, **instead):
        sender, receiver = (self.receiver, self.sender) if back else (self.sender, self.receiver)
        return udp_frame(instead.get('mac', bench.mac_of_port(sender)), bench.mac_of_port(receiver),
                         instead.get('address', bench.address_of_port(sender)), bench.address_of_port(receiver))

    def check(self, name, filtered=True):
        """Packets pass both ways, as a connection needs. A workload's wrong addresses pass if nothing filters, and only then."""
        if not self.passes(self.frame()) or not self.passes(self.frame(back=True), back=True):
            bench.give_up('%s: a packet that should pass is dropped' % name)
        for what in ({'mac': '52:54:00:ff:ff:ff'}, {'address': '10.255.0.1'}):
            if self.passes(self.frame(**what)) == filtered:
                bench.give_up('%s: a packet of a false %s is %s' % (name, *what, 'accepted' if filtered else 'dropped'))

    def measure(self, milliseconds, broadcast=False):
        """One round; what a packet took, in nanoseconds, joins `times`."""
        self.passes(self.frame())
        self.passes(self.frame(back=True), back=True) # the connection is established
        self.a.enter()
        before = self.arrived()
        self.a.enter()
        said = bench.run([self.sender_program, BROADCAST if broadcast else bench.address_of_port(self.receiver), str(milliseconds)])
        nanoseconds, sent = said.split()
        arrived = self.arrived() - before
        if arrived < int(sent):
            bench.give_up('of %s packets %d arrived' % (sent, arrived))
        self.times.append(float(nanoseconds))


def measure_in_turn(bridges, rounds, milliseconds, broadcast=False):
    """Every bridge once a round, in an order that changes, so that a disturbance falls on all alike."""
    names = list(bridges)
    for turn in range(rounds):
        print('round %d of %d ...' % (turn + 1, rounds), file=sys.stderr)
        for name in (names if turn % 2 == 0 else reversed(names)):
            bridges[name].measure(milliseconds, broadcast)


def rows_of(bridges, base):
    """Rows of a table: median, least, most, above the base, ratio to the base."""
    least = bench.median(bridges[base].times)
    rows = []
    for name, bridge in bridges.items():
        own = bench.median(bridge.times)
        rows.append([name, '%.0f' % own, '%.0f' % min(bridge.times), '%.0f' % max(bridge.times), '%+.0f' % (own - least),
                     '%.3f' % (own / least)])
    return rows
