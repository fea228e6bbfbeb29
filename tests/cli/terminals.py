"""Streams that say they are terminals, and real pseudo-terminals."""

import fcntl
import io
import os
import pty
import re
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
    master, slave = pty.openpty()
    size = struct.pack('HHHH', 24, columns, 0, 0)
    fcntl.ioctl(slave, termios.TIOCSWINSZ, size)
    given = dict.fromkeys(streams, slave)
    process = subprocess.Popen(
        [sys.executable, '-m', 'microbench', *words],
        cwd=cwd,
        env={**environment, 'TERM': environment.get('TERM', 'xterm')},
        stdin=subprocess.DEVNULL,
        **{'stdout': subprocess.DEVNULL, 'stderr': subprocess.DEVNULL, **given},
    )
    os.close(slave)
    seen = b''.join(iter(lambda: _read(master), b''))
    os.close(master)
    return process.wait(60), seen.decode().replace('\r\n', '\n')


def _read(descriptor):
    """Return what was sent; nothing once all writers are gone."""
    try:
        return os.read(descriptor, 65536)
    except OSError:  # Linux says EIO
        return b''


class Screen:
    """Shows what was sent to it, as a terminal does: as much of a VT100 as we use."""

    SEQUENCE = re.compile(r'\033(?:([78])|\[([\d;]*)([A-Za-z]))|([\r\n])|([^\033\r\n])')

    def __init__(self, width=80):
        self.width = width
        self.rows = [[]]
        self.row = self.column = 0
        self.saved = (0, 0)

    def feed(self, text):
        """Show a text; reject a sequence that the screen does not know."""
        place = 0
        while place < len(text):
            found = self.SEQUENCE.match(text, place)
            assert found, f'unknown: {text[place : place + 9]!r}'
            self._take(*found.groups())
            place = found.end()
        return self

    def _take(self, cursor, count, command, break_, character):
        if cursor == '7':
            self.saved = (self.row, self.column)
        elif cursor == '8':
            self.row, self.column = self.saved
        elif command == 'K':
            del self.rows[self.row][self.column :]
        elif command == 'C':
            self.column = min(self.column + int(count or 1), self.width - 1)
        elif break_ == '\r':
            self.column = 0
        elif break_ == '\n':
            self.row, self.column = self.row + 1, 0
            self.rows += [[]] * 0 if self.row < len(self.rows) else [[]]
        elif character:
            self._put(character)
        else:
            assert command == 'm', f'unknown: {command!r}'

    def _put(self, character):
        assert self.column < self.width, 'beyond the edge'
        row = self.rows[self.row]
        row += ' ' * (self.column + 1 - len(row))
        row[self.column] = character
        self.column += 1

    @property
    def lines(self):
        """Return the lines as they read."""
        return [''.join(row).rstrip() for row in self.rows]
