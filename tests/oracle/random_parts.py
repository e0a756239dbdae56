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
