# SPDX-License-Identifier: LGPL-2.1-or-later
# An interactive shell on a terminal of its own, for tests of what `nwgate run` leaves to the terminal.
#
# usage: terminal.py <STEPS     steps: `type TEXT` (Python's escapes), `see PATTERN` (within 20 s), `size ROWS COLUMNS`
import fcntl, os, pty, re, select, struct, sys, termios, time

pid, terminal = pty.fork()
if pid == 0:
    os.environ.update(PS1='$ ', TERM='dumb')
    os.execvp('bash', ['bash', '--norc', '--noprofile', '--noediting', '-i'])

seen = ''


def see(pattern):
    global seen
    end = time.monotonic() + 20
    while not (found := re.search(pattern, seen)):
        if time.monotonic() > end or not select.select([terminal], [], [], end - time.monotonic())[0]:
            sys.exit(f'not seen: {pattern}\n{seen}')
        seen += os.read(terminal, 4096).decode(errors='replace')
    print(seen[:found.end()], end='')
    seen = seen[found.end():]


for line in sys.stdin:
    step, _, rest = line.strip().partition(' ')
    if step == 'type':
        os.write(terminal, rest.encode().decode('unicode_escape').encode())
    elif step == 'see':
        see(rest)
    elif step == 'size':
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack('HHHH', *map(int, rest.split()), 0, 0))
    elif step:
        sys.exit(f'no such step: {step}')
os.kill(pid, 9)
