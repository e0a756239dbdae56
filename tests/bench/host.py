# SPDX-License-Identifier: LGPL-2.1-or-later
"""A host that nwgate runs for: a directory for what nwgate reads and keeps, in the network namespace that is entered."""
import os
import re
import shutil

import bench

BINDING = '''<filterbinding>
  <owner>
    <name>vm%(i)d</name>
    <uuid>d54df46f-1ab5-4a22-8618-4560ef5f%(i)04x</uuid>
  </owner>
  <portdev name='%(port)s'/>
  <mac address='%(mac)s'/>
  <filterref filter='%(filter)s'>
    <parameter name='IP' value='%(address)s'/>
  </filterref>
</filterbinding>
'''
ETHERNET, WITH_IP = 'clean-traffic', 'bench-server'


def binding(i, filter_name=ETHERNET):
    return BINDING % {'i': i, 'port': bench.name_of_port(i), 'mac': bench.mac_of_port(i), 'address': bench.address_of_port(i),
                      'filter': filter_name}


def default_filters():
    return os.environ.get('NWGATE_FILTERS', bench.PROJECT + '/filters')


def add_options(parser, layouts=True):
    parser.add_argument('--nwgate', default=bench.PROJECT + '/build/bin/nwgate', help='the command that is measured')
    parser.add_argument('--filters', default=default_filters(), help='the shipped filters')
    if layouts:
        parser.add_argument('--layouts', nargs='+', default=['nftables', 'xtables'],
                            help='left out is one that the command does not know')


def check_options(parser, options):
    """Gives up, or leaves out a layout, where something is missing; makes paths absolute."""
    for name in ('nwgate', 'filters', 'sender', 'attacher', 'compare'):
        path = getattr(options, name, None)
        if path is not None:
            if not os.path.exists(path):
                parser.exit(2, '%s: no %s\n' % (parser.prog, path))
            setattr(options, name, os.path.realpath(path))
    if hasattr(options, 'layouts'):
        options.layouts = [layout for layout in options.layouts if knows_layout(options.nwgate, layout)]
        if not options.layouts:
            parser.exit(2, '%s: the command knows none of the layouts\n' % parser.prog)


def knows_layout(program, layout):
    """Asked with a listing, which changes nothing; --root because the real host is none of our business."""
    status = bench.status_of([program, 'bindings', '--root', '/nonexistent', '--layout', layout])
    if status:
        bench.progress('leaving out the layout %s, which the command does not know' % layout)
    return not status


class Host:
    def __init__(self, directory, program, filters, layout, prefix=None):
        """`directory` is made. The network namespace is the caller's to enter."""
        self.root, self.program = directory, program
        self.options = ['--root', directory, '--layout', layout, '--timing'] + (['--chain-prefix', prefix] if prefix else [])
        shutil.copytree(filters, directory + '/usr/share/nwgate/filters')
        shutil.copytree(os.path.dirname(os.path.realpath(__file__)) + '/filters', directory + '/etc/nwgate/filters')
        self.bindings = directory + '/etc/nwgate/bindings'
        os.makedirs(self.bindings)

    def write_bindings(self, ports, filter_name=ETHERNET):
        """As the administrator does, for `apply`."""
        for i in ports:
            with open('%s/%s.xml' % (self.bindings, bench.name_of_port(i)), 'w', encoding='utf-8') as out:
                out.write(binding(i, filter_name))

    def command(self, verb, *arguments):
        return [self.program, verb] + self.options + list(arguments)

    def run(self, verb, *arguments, accept=(0,)):
        """Answers milliseconds of the whole process, and of them those of the kernel (None if it had nothing to do):
        its commit to nf_tables; BPF loaded, attached and detached."""
        seconds, said = bench.timed(self.command(verb, *arguments), accept)
        lines = re.findall(r'^(?:commit|bpf): .*', said, re.M)
        times = [int(time) for line in lines for time in re.findall(r'(\d+) us(?! to compile)', line)]
        return seconds * 1e3, sum(times) / 1e3 if times else None

    def apply(self):
        return self.run('apply')

    def file_of(self, i):
        path = '%s/bind-%d.xml' % (self.root, i)
        if not os.path.exists(path):
            with open(path, 'w', encoding='utf-8') as out:
                out.write(binding(i))
        return path

    def bind(self, i):
        return self.run('bind', self.file_of(i))

    def unbind(self, i):
        return self.run('unbind', bench.name_of_port(i))

    def peak_memory(self, verb, *arguments, accept=(0,)):
        """KiB, which is time(1)'s to tell: a child of ours would count our own pages."""
        said = bench.timed(['time', '--quiet', '-f', 'peak %M'] + self.command(verb, *arguments), accept)[1]
        return int(re.search(r'^peak (\d+)', said, re.M)[1])
