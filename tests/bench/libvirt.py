# SPDX-License-Identifier: LGPL-2.1-or-later
"""A libvirtd of one's own, in the network namespace that is entered. The program must be in a mount namespace of its own
(in_own_namespaces), because libvirtd's directories are hidden by empty ones."""
import os
import subprocess
import sys
import time

import bench
import host

VIRSH = ['virsh', '-q', '-c', 'nwfilter:///system']
# A world for libvirtd: state and settings of its own, and its filter driver only.
WORLD = '''set -e
hide() { mount -t tmpfs none "$1"; }
hide /run; mkdir -p /run/libvirt /run/lock /run/user/0 /run/bench
hide /var/lib/libvirt; hide /var/log/libvirt
cp -a /etc/libvirt /run/bench/etc; mount --bind /run/bench/etc /etc/libvirt
for drivers in /usr/lib/*/libvirt/connection-driver; do
  mkdir /run/bench/drivers; cp "$drivers/libvirt_driver_nwfilter.so" /run/bench/drivers; mount --bind /run/bench/drivers "$drivers"
done'''


def in_own_namespaces():
    """Starts the program again in namespaces of its own; whatever it starts ends with it."""
    if not os.environ.get('NWGATE_BENCH_INNER'):
        os.environ['NWGATE_BENCH_INNER'] = '1'
        os.execvp('unshare', ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--propagation', 'private',
                              sys.executable, '-B', os.path.realpath(sys.argv[0])] + sys.argv[1:])


def version():
    return bench.run(['libvirtd', '--version']).split()[-1]


class Libvirt:
    def __init__(self, directory):
        self.directory = directory
        bench.run(['bash', '-c', WORLD])
        self.daemon = subprocess.Popen(['bash', '-c', 'ulimit -n 1024; exec libvirtd >/run/bench/log 2>&1'])
        for _ in range(200):
            if bench.status_of(VIRSH + ['nwfilter-list']) == 0:
                return
            time.sleep(.05)
        bench.give_up('libvirtd does not answer')

    def bind(self, i):
        """The device must be there. Answers milliseconds, and None for the commit, which nobody can tell."""
        path = '%s/binding-%d.xml' % (self.directory, i)
        if not os.path.exists(path):
            with open(path, 'w', encoding='utf-8') as out:
                out.write(host.binding(i))
        return bench.timed(VIRSH + ['nwfilter-binding-create', path])[0] * 1e3, None

    def unbind(self, i):
        return bench.timed(VIRSH + ['nwfilter-binding-delete', bench.name_of_port(i)])[0] * 1e3, None
