# SPDX-License-Identifier: LGPL-2.1-or-later
"""What random_filters chooses from: the words of the filter language, the filters that libvirt ships, and what a case is
made of."""

STOCK = ['allow-arp', 'allow-dhcp', 'allow-dhcpv6', 'allow-incoming-ipv4', 'allow-incoming-ipv6', 'allow-ipv4', 'allow-ipv6',
         'clean-traffic', 'no-arp-ip-spoofing', 'no-arp-mac-spoofing', 'no-arp-spoofing',
         'no-ip-multicast', 'no-ip-spoofing', 'no-ipv6-multicast', 'no-mac-broadcast', 'no-mac-spoofing',
         'no-other-l2-traffic', 'no-other-rarp-traffic', 'qemu-announce-self', 'qemu-announce-self-rarp']
# What these need beyond MAC and IP, and a guess at how many kernel rules they make for one address.
STOCK_NEEDS = {'allow-dhcp-server': ('DHCPSERVER', 'ip4'), 'allow-dhcpv6-server': ('DHCPSERVER', 'ip6'),
               'no-ipv6-spoofing': ('IPV6', 'ip6'), 'clean-traffic-gateway': ('GATEWAY_MAC', 'mac')}
STOCK_RULES = {'clean-traffic': 24, 'clean-traffic-gateway': 30}

# Default priorities of chains, and those that the stock filters give to theirs.
PREFIXES = {'mac': -800, 'vlan': -750, 'ipv4': -700, 'ipv6': -600, 'arp': -500, 'rarp': -400, 'stp': -810}
STOCK_CHAINS = {'mac': -800, 'ipv4': -700, 'ipv4-ip': -710, 'ipv6': -600, 'ipv6-ip': -610, 'arp': -500, 'arp-ip': -510,
                'arp-mac': -520, 'rarp': -400}

ETHERNET = ['none', 'mac', 'vlan', 'stp', 'arp', 'rarp', 'ip', 'ipv6']
INET = [p + family for family in ('', '-ipv6') for p in ('tcp', 'udp', 'sctp', 'udplite', 'esp', 'ah', 'all')]
INET += ['icmp', 'icmpv6', 'igmp']
COMMON = ['mac', 'arp', 'ip', 'ip', 'ipv6', 'tcp', 'udp', 'all', 'tcp-ipv6', 'udp-ipv6']
OF_CGROUPS = ['none'] + ['ip', 'ipv6'] * 4 + INET + ['tcp', 'udp', 'tcp-ipv6', 'udp-ipv6']
PREFIX_PROTOCOLS = {'ipv4': 'ip'}

IP_PROTOCOLS = ['tcp', 'udp', 'udplite', 'esp', 'ah', 'icmp', 'igmp', 'sctp', 'icmpv6']
ETHER_TYPES = ['arp', 'rarp', 'ipv4', 'ipv6', 'vlan', 'ARP', 'IPv4', 'IPv6']
ARP_OPERATIONS = ['Request', 'Reply', 'Request_Reverse', 'Reply_Reverse', 'DRARP_Request', 'DRARP_Reply', 'DRARP_Error',
                  'InARP_Request', 'ARP_NAK', 'request', 'REPLY']
COMMENTS = ['a', 'hello world', "it's a comment", '"quoted"', "both ' and \"", 'a b c $(x) `y`', '<&>', 'back\\slash', '100%s %d',
            'ünï ∀', '! not', '-j ACCEPT', '--comment', '#hash', ';;*?[a]', ' spaces  around ', 'tab\there', '*nat', 'COMMIT',
            '~!@#$%^&*()_+', "''", '""', '\\"', 'x' * 200, 'comma,comma', '{brace}', '=', ':0', 'NEW,ESTABLISHED']


class TooLarge(Exception):
    """The case would make so many kernel rules that it takes long to record."""


class Variable:
    def __init__(self, name, kind, length):
        self.name, self.kind, self.length = name, kind, length


class Filter:
    def __init__(self, name):
        self.name = name
        self.chain = None
        self.chain_priority = None
        self.own = []  # variables that every reference to this filter gives values to
        self.items = []  # text of rules and references
        self.uses = []  # the filters that it includes
        self.cost = 0  # kernel rules, with those of the included filters


class Accesses:
    """The variable accesses of one rule: what shares an iterator must be of equal length, and the product stays small."""

    def __init__(self, case, variables):
        self.case, self.variables, self.lengths, self.product = case, variables, {0: None}, 1
        self.limit = case.random.choice([4, 6, 12])

    def take(self, kind):
        r = self.case.random
        fitting = [v for v in self.variables if v.kind == kind]
        if not fitting:
            return None
        variable = r.choice(fitting)
        if r.random() < .2:
            i = r.randrange(variable.length)
            return '$%s[%s%d%s]' % (variable.name, r.choice(['', '', '', ' ']), i, r.choice(['', '', '', ' ']))
        iterators = [0] if r.random() < .6 else [r.choice([0, 1, 2, 3, 17, 1000])]
        for i in iterators + [0, 1, 2]:
            known = self.lengths.get(i)
            if known == variable.length:
                break
            if known is None and self.product * variable.length <= self.limit:
                self.lengths[i] = variable.length
                self.product *= variable.length
                break
        else:
            return None
        return '$' + variable.name + ('' if i == 0 and r.random() < .8 else '[@%d]' % i)


class Values:
    """Random values, one function a kind, from self.random. What must be ordered comes from two halves, so that any two values
    of them are."""
    random = None
    has_close_values = False

    def odd_number(self, n, width):
        r = self.random.random()
        if r < .7:
            return str(n)
        if r < .9:
            return '0x%x' % n
        if r < .95 and '%x' % n != str(n) and not ('%x' % n).isdigit():
            return '%x' % n
        return '%0*d' % (width, n)

    def mac(self):
        r = self.random
        groups = [r.randrange(256) for _ in range(6)]
        if r.random() < .6:
            groups[0] &= 0xfe
        style = r.random()
        form = '%02x' if style < .7 else '%02X' if style < .85 else '%x'
        return r.choice(['ff:ff:ff:ff:ff:ff', '01:80:c2:00:00:00', '00:00:00:00:00:00']) if r.random() < .04 else \
            ':'.join(form % g for g in groups)

    def macmask(self):
        r = self.random
        ones = r.choice([1, 7, 8, 12, 24, 25, 32, 40, 47, 48, 48])
        value = ((1 << ones) - 1) << (48 - ones)
        return ':'.join('%02x' % (value >> s & 255) for s in range(40, -8, -8))

    def ip4(self):
        r = self.random
        if r.random() < .04:
            return r.choice(['0.0.0.0', '255.255.255.255', '127.0.0.1', '224.0.0.1', '10.1'])
        return '.'.join(str(r.randrange(256)) for _ in range(4))

    def mask4(self, literal):
        r = self.random
        bits = r.choice([0 if literal else 9, 1, 8, 16, 17, 24, 24, 31, 32, 32])
        if r.random() < .5:
            return str(bits)
        value = ((1 << bits) - 1) << (32 - bits)
        return '.'.join(str(value >> s & 255) for s in (24, 16, 8, 0))

    def ip6(self):
        r = self.random
        groups = ['%x' % r.randrange(65536) for _ in range(8)]
        if r.random() < .15:
            return r.choice(['::', '::1', 'fe80::1', 'ff02::1', '::ffff:10.1.2.3', 'FD00::ABCD', '2001:db8::', 'a:b:c::d:e:f'])
        if r.random() < .5:
            i = r.randrange(1, 6)
            return ':'.join(groups[:i]) + '::' + ':'.join(groups[7:])
        return ':'.join(groups)

    def mask6(self, literal):
        r = self.random
        bits = r.choice([0 if literal else 9, 1, 32, 48, 64, 65, 96, 127, 128, 128])
        if r.random() < .8 or not literal:  # libvirt has no room for a longer value
            return str(bits)
        value = ((1 << bits) - 1) << (128 - bits)
        return ':'.join('%x' % (value >> s & 65535) for s in range(112, -16, -16))

    def value(self, kind, literal):
        """A value of a kind. Literals may be written in any form that the parser takes; a variable's value is handed on as it is
        to the tools, so it is written as they understand it."""
        r = self.random
        if self.has_close_values and kind in self.CLOSE and (kind[-2:] in ('lo', 'hi') or r.random() < .85):
            return r.choice(self.CLOSE[kind])
        if kind in ('mac', 'macmask', 'ip6'):
            return getattr(self, kind)()
        if kind in ('mask4', 'mask6'):
            return getattr(self, kind)(literal)
        if kind == 'ip4':
            return self.ip4() if literal else self.ip4().replace('10.1', '10.0.0.1') if r.random() < .01 else \
                '.'.join(str(r.randrange(1, 255)) for _ in range(4))
        if kind == 'ip4lo':
            return '10.%d.%d.1' % (r.randrange(100), r.randrange(256))
        if kind == 'ip4hi':
            return '10.%d.%d.9' % (r.randrange(100, 256), r.randrange(256))
        if kind == 'ip6lo':
            return 'fd00::%x' % r.randrange(0x8000)
        if kind == 'ip6hi':
            return 'fd00::%x' % r.randrange(0x8000, 0x10000)
        if kind == 'etherproto':
            if not literal:
                return r.choice(['ARP', 'IPv4', 'IPv6', '0x0806', '0x86dd', '0x88cc'])
            return r.choice(ETHER_TYPES) if r.random() < .5 else self.odd_number(r.randrange(0x600, 0x10000), 5)
        if kind == 'arptype':
            return self.odd_number(r.randrange(0x10000), 5) if literal else '0x%x' % r.randrange(0x10000)
        if kind == 'arpop':
            if literal and r.random() < .7:
                return r.choice(ARP_OPERATIONS)
            n = r.randrange(1, 10) if r.random() < .5 else r.randrange(1, 0x10000)
            return self.odd_number(n, 5) if literal else str(n)
        if kind == 'ipproto':
            if r.random() < .6:
                return r.choice(IP_PROTOCOLS if literal else ['tcp', 'udp', 'icmp', 'sctp'])
            n = r.randrange(1, 255)
            return self.odd_number(n, 3) if literal else str(n)
        if kind == 'word':
            return r.choice(['alpha', 'b_2', 'x.y', 'a:b', '42', 'NEW'])
        if kind == 'set4':
            return r.choice(['tck_test', 'nwset4'])
        if kind == 'set6':
            return 'nwset6'
        low, high = {'u8': (0, 255), 'u8lo': (0, 127), 'u8hi': (128, 255), 'option': (1, 255), 'u16': (0, 65535),
                     'u16lo': (0, 32767), 'u16hi': (32768, 65535), 'u32': (0, 0xffffffff), 'u32lo': (0, 0x7fffffff),
                     'u32hi': (0x80000000, 0xffffffff), 'dscp': (0, 63), 'vlanid': (0, 4094), 'limit': (0, 65535)}[kind]
        n = r.choice([low, high]) if r.random() < .1 else r.randint(low, high)
        return self.odd_number(n, len(str(high))) if literal and kind != 'limit' else str(n)

    # Few values, of which networks and ranges hold others; all that is called `lo` is below all that is called `hi`.
    CLOSE = {'mac': ['52:54:00:00:00:0a', '52:54:00:00:00:0b', '52:54:00:00:01:0a', '52:54:01:00:00:0a'],
             'macmask': ['ff:ff:ff:ff:ff:ff', 'ff:ff:ff:00:00:00', 'ff:ff:ff:ff:00:00'],
             'ip4': ['10.0.0.1', '10.0.0.2', '10.0.0.254', '10.0.1.1', '10.1.0.1', '10.0.0.255'],
             'ip4lo': ['10.0.0.0', '10.0.0.1', '10.0.0.2', '10.0.1.0'],
             'ip4hi': ['10.0.1.1', '10.0.1.2', '10.0.1.255', '10.1.0.1'],
             'mask4': ['8', '16', '24', '31', '32', '255.255.255.0', '255.255.255.252'],
             'ip6': ['fd00::1', 'fd00::2', 'fd00::1:1', 'fd00:0:0:1::1', 'fd01::1'],
             'ip6lo': ['fd00::', 'fd00::1', 'fd00::2'],
             'ip6hi': ['fd00::3', 'fd00::ffff', 'fd00::1:0:0:1'],
             'mask6': ['16', '64', '112', '127', '128'],
             'u16': ['22', '53', '80', '443', '1000', '2000'],
             'u16lo': ['0', '20', '22', '53', '1000'],
             'u16hi': ['1000', '1001', '2000', '65535'],
             'u8': ['0', '3', '8', '128', '135'], 'dscp': ['0', '10', '46', '63'], 'vlanid': ['0', '1', '100', '4094'],
             'arpop': ['1', '2', '3'], 'ipproto': ['tcp', 'udp', 'icmp', 'sctp', '17']}

    KINDS = ['mac', 'ip4', 'ip4', 'ip4', 'ip6', 'ip6', 'u16', 'u16', 'u16lo', 'u16hi', 'ip4lo', 'ip4hi', 'ip6lo', 'ip6hi', 'macmask',
             'mask4', 'mask6', 'u8', 'dscp', 'vlanid', 'limit', 'ipproto', 'etherproto', 'arptype', 'arpop', 'word', 'set4', 'set6',
             'u32', 'option']
