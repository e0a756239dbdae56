# SPDX-License-Identifier: LGPL-2.1-or-later
"""Cgroups of the measuring program's own, and a host that nwgate binds them on."""
import ctypes
import os
import re

import bench
import host

CLONE_NEWNS = 0x20000
PINS = '/sys/fs/bpf'
BINDING = '''<cgroupbinding%(attributes)s>
  <cgroup path='%(path)s'/>
  <filterref filter='%(filter)s'>
%(parameters)s  </filterref>
</cgroupbinding>
'''
RULES = '''<filter name='%(name)s' chain='root'>
%(rules)s  <rule action='drop' direction='inout' priority='1000'%(state)s><all/></rule>
</filter>
'''
RULE = "  <rule action='accept' direction='inout' priority='500'%(state)s><%(protocol)s dstportstart='%(port)d'/></rule>\n"
PORTS, PORTS_WITH_STATES = 'bench-ports', 'bench-ports-states'


def mount_point():
    """Of the cgroups of version 2."""
    with open('/proc/self/mountinfo', encoding='utf-8') as text:
        found = re.search(r'^\S+ \S+ \S+ / (\S+) .* - cgroup2 ', text.read(), re.M)
    return found[1] if found else bench.give_up('cgroup2 is mounted nowhere')


def make_private_pins():
    """A mount namespace with a file system for pins that nobody else sees; what is pinned goes with it."""
    libc = ctypes.CDLL(None, use_errno=True)
    bench.Namespace.must(libc.unshare(CLONE_NEWNS), 'unshare')
    bench.run(['mount', '--make-rprivate', '/'])
    bench.run(['mount', '-t', 'bpf', 'bpf', PINS])


class Tree:
    """A cgroup, which goes with all below it when the program leaves it."""

    def __init__(self):
        self.top = '/nwgate-bench-%d' % os.getpid()
        self.mount = mount_point()

    def __enter__(self):
        os.mkdir(self.mount + self.top)
        return self

    def __exit__(self, *_):
        for directory, _, _ in os.walk(self.mount + self.top, topdown=False):
            os.rmdir(directory)

    def make(self, name):
        """Answers the path from the root of the hierarchy on."""
        os.makedirs(self.directory(self.top + '/' + name), exist_ok=True)
        return self.top + '/' + name

    def make_many(self, name, count):
        return [self.make('%s/%d' % (name, i)) for i in range(count)]

    def directory(self, path):
        return self.mount + path


def ports_filter(name, count, last, has_states):
    """The last of the rules is the one for that port; a rule for each of tcp and udp in turn."""
    state = '' if has_states else " statematch='false'"
    ports = list(range(1, count)) + [last]
    protocols = ['udp' if (count - i) % 2 == 0 else 'tcp' for i in range(1, count + 1)]
    rules = ''.join(RULE % {'protocol': protocol, 'port': port, 'state': state} for protocol, port in zip(protocols, ports))
    return RULES % {'name': name, 'rules': rules, 'state': state}


def document(path, filter_name, parameters, attributes=''):
    lines = ''.join("    <parameter name='%s' value='%s'/>\n" % parameter for parameter in parameters)
    return BINDING % {'path': path, 'filter': filter_name, 'parameters': lines, 'attributes': attributes}


class Host(host.Host):
    def __init__(self, directory, program, filters, rules, port):
        super().__init__(directory, program, filters, 'nftables')
        for name, has_states in ((PORTS, False), (PORTS_WITH_STATES, True)):
            with open('%s/etc/nwgate/filters/%s.xml' % (directory, name), 'w', encoding='utf-8') as out:
                out.write(ports_filter(name, rules, port, has_states))

    def write(self, path, filter_name, parameters, backend):
        """As the administrator does, for `apply`."""
        stem = path.replace('/', ':')
        with open('%s/%s.xml' % (self.bindings, stem), 'w', encoding='utf-8') as out:
            out.write(document(path, filter_name, parameters, " backend='%s'" % backend))

    def program_text(self, path, filter_name, parameters):
        """What the binding's rules are, closed."""
        file = self.root + '/render.xml'
        with open(file, 'w', encoding='utf-8') as out:
            out.write(document(path, filter_name, parameters))
        return bench.run([self.program, 'render', '--root', self.root, file])

    def bind_cgroup(self, path, filter_name, parameters, backend):
        words = [word for name, value in parameters for word in ('-p', '%s=%s' % (name, value))]
        return self.run('bind', '--cgroup', path, '--filter', filter_name, '--backend', backend, *words)

    def unbind_cgroup(self, path):
        return self.run('unbind', path)
