# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the measuring programs of this folder share: network namespaces, commands and their times, ports, tables."""
import ctypes
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
CLONE_NEWNET = 0x40000000


def give_up(why):
    sys.exit('%s: %s' % (os.path.basename(sys.argv[0]), why))


def progress(what):
    print(what + ' ...', file=sys.stderr)


def name_of_port(i):
    return 'p%05d' % i


def mac_of_port(i):
    return '52:54:00:00:%02x:%02x' % (i >> 8, i & 255)


def address_of_port(i):
    return '10.1.%d.%d' % (i >> 8, i & 255)


class Namespace:
    """A network namespace, which is there as long as this is. The program is in it after it was made."""

    def __init__(self):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.must(self.libc.unshare(CLONE_NEWNET), 'unshare')
        self.file = os.open('/proc/thread-self/ns/net', os.O_RDONLY)
        run(['sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.default.disable_ipv6=1'])

    @property
    def path(self):
        return '/proc/%d/fd/%d' % (os.getpid(), self.file)

    def enter(self):
        self.must(self.libc.setns(self.file, CLONE_NEWNET), 'setns')

    def close(self):
        """It goes when the program is in another."""
        os.close(self.file)

    @staticmethod
    def must(status, what):
        if status:
            give_up('%s: %s' % (what, os.strerror(ctypes.get_errno())))


def run(command, text=None, accept=(0,)):
    """Runs a command, which must succeed; answers what it printed."""
    done = subprocess.run(command, input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding='utf-8', check=False)
    if done.returncode not in accept:
        give_up('%s: exit code %d\n%s' % (' '.join(command), done.returncode, done.stderr[-2000:]))
    return done.stdout


def status_of(command):
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode


def timed(command, accept=(0,)):
    """Runs a command; answers its time in seconds and what it wrote to stderr."""
    with tempfile.TemporaryFile('w+', encoding='utf-8', dir='/dev/shm') as errors, open(os.devnull, 'w', encoding='utf-8') as null:
        streams = [(os.POSIX_SPAWN_DUP2, null.fileno(), 1), (os.POSIX_SPAWN_DUP2, errors.fileno(), 2)]
        path = shutil.which(command[0])
        start = time.perf_counter()
        status = os.waitpid(os.posix_spawn(path, command, os.environ, file_actions=streams), 0)[1]
        seconds = time.perf_counter() - start
        errors.seek(0)
        said = errors.read()
    if os.waitstatus_to_exitcode(status) not in accept:
        give_up('%s: exit code %d\n%s' % (' '.join(command), os.waitstatus_to_exitcode(status), said[-2000:]))
    return seconds, said


def median(values):
    return statistics.median(values) if values else None


def text_of_milliseconds(value):
    return '' if value is None else '%.0f ms' % value if value >= 100 else '%.1f ms' % value if value >= 10 else '%.2f ms' % value


def ratio(more, less):
    """How many times `less` is in `more`, if both were measured."""
    if not more or not less:
        return ''
    return '%.0f' % (more / less) if more >= 20 * less else '%.1f' % (more / less) if more >= 3 * less else '%.2f' % (more / less)


def machine():
    with open('/proc/cpuinfo', encoding='utf-8') as text:
        cpu = re.search(r'model name\s*: (.*)', text.read())
    return 'Linux %s, %d x %s' % (os.uname().release, os.cpu_count(), cpu[1] if cpu else os.uname().machine)


def table(head, rows):
    """Markdown."""
    lines = ['| ' + ' | '.join(head) + ' |', '|---' * len(head) + '|']
    return '\n'.join(lines + ['| ' + ' | '.join(str(cell) for cell in row) + ' |' for row in rows])
