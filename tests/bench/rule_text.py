# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rules of clean-traffic's shape, once for all ports, as text for nft(8): see packet_keys."""
import bench

RULES = '''
  chain mac {
    %(in)s . ether saddr @macs counter return
    counter drop
  }
  chain ipv4 {
    ip saddr 0.0.0.0 ip protocol udp counter return
    %(in)s . ip saddr @addresses counter return
    counter drop
  }
  chain from_port {
    counter jump mac
    ether type ip counter jump ipv4
    ether type ip counter accept
    ether type arp counter accept
    counter drop
  }
  chain to_port {
    ether type ip counter accept
    ether type arp counter accept
    counter drop
  }
'''
NUMBERED = '''
  map chains_from {
    type mark : verdict
    elements = { 0x10000000 : goto from_port }
  }
  map chains_to {
    type mark : verdict
    elements = { 0x10000000 : goto to_port }
  }
  chain prerouting {
    type filter hook prerouting priority -300
    meta mark set iifname map @ports
    %(mark)s vmap @chains_from
  }
  chain postrouting {
    type filter hook postrouting priority 300
    meta mark set oifname map @ports
    %(mark)s vmap @chains_to
  }
}
'''
DIRECT = '''
  chain prerouting {
    type filter hook prerouting priority -300
    iifname vmap @ports
  }
  chain postrouting {
    type filter hook postrouting priority 300
    oifname vmap @ports_to
  }
}
'''


def elements(found):
    return '    elements = { %s }\n  }\n' % ',\n      '.join(found)


def rule_set(words, count, measured):
    """The text for so many ports; `measured` tells the indices of the devices that are there."""
    key = words[0]
    ports = range(count)
    keys = {'name': ['"%s"' % bench.name_of_port(i) for i in ports], 'verdict': ['"%s"' % bench.name_of_port(i) for i in ports],
            'index': [measured.get(i, 1000000 + i) for i in ports], 'mark': ['%#x' % (0x10000000 + i) for i in ports]}[key]
    types = {'name': 'ifname', 'verdict': 'ifname', 'index': 'iface_index', 'mark': 'mark'}
    size = '    size 16384\n' if 'sized' in words else ''
    of_map = '    counter\n' if 'counter' in words or 'counters' in words else ''
    of_set = '    counter\n' if 'counters' in words else ''
    text = 'table bridge nwgate {\n'
    for name, kind, value in (('macs', 'ether_addr', bench.mac_of_port), ('addresses', 'ipv4_addr', bench.address_of_port)):
        text += '  set %s {\n    type %s . %s\n%s%s' % (name, types[key], kind, size, of_set)
        text += elements('%s . %s' % (keys[i], value(i)) for i in ports)
    text += RULES % {'in': {'name': 'iifname', 'verdict': 'iifname', 'index': 'iif', 'mark': 'mark'}[key]}
    if key == 'verdict':
        for name, chain in (('ports', 'from_port'), ('ports_to', 'to_port')):
            text += '  map %s {\n    type ifname : verdict\n%s%s' % (name, size, of_map)
            text += elements('"%s" : goto %s' % (bench.name_of_port(i), chain) for i in ports)
        return text + DIRECT
    text += '  map ports {\n    type ifname : mark\n%s%s' % (size, of_map)
    text += elements('"%s" : %#x' % (bench.name_of_port(i), 0x10000000 + (i if key == 'mark' else 0)) for i in ports)
    return text + NUMBERED % {'mark': 'mark & 0xf0000000' if key == 'mark' else 'mark'}
