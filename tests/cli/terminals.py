"""Streams that say they are terminals, and real pseudo-terminals."""

import fcntl
import io
import os
import pty
import struct
import subprocess
import sys
import termios


class FakeTerminal(io.StringIO):
    """A text stream that says it is a terminal."""

    def isatty(self):
        return True


def on_terminal(words, *, environment, cwd, columns=80, streams=('stdout', 'stderr')):
    """Run a command with these streams on a pseudo-terminal; return status and screen.

    The screen is all that was sent to it, with plain newlines.
    """
    ours, theirs = pty.openpty()
    size = struct.pack('HHHH', 24, columns, 0, 0)
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, size)
    given = dict.fromkeys(streams, theirs)
    process = subprocess.Popen(
        [sys.executable, '-m', 'microbench', *words],
        cwd=cwd,
        env={**environment, 'TERM': environment.get('TERM', 'xterm')},
        stdin=subprocess.DEVNULL,
        **{'stdout': subprocess.DEVNULL, 'stderr': subprocess.DEVNULL, **given},
    )
    os.close(theirs)
    seen = b''.join(iter(lambda: _read(ours), b''))
    os.close(ours)
    return process.wait(60), seen.decode().replace('\r\n', '\n')


def _read(descriptor):
    """What was sent; nothing once all of its writers are gone."""
    try:
        return os.read(descriptor, 65536)
    except OSError:  # Linux says EIO
        return b''
