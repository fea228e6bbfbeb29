"""Read the output of the command, store it for the record, and pass it on at once.

A thread reads each pipe to its end, because a child blocks on a full pipe. If our own
output fails (`| head -1`), the thread reads MOST_MISSED bytes more and then closes the
pipe: a child that never stops writing ends, as it would without us. If the system gives no
thread, the timer thread reads.

Bytes are passed on as they arrive, so that a progress bar moves. A background process of
the child may keep the pipe open. Once the child has ended and the pipe is empty, wait
DRAIN_TIMEOUT for more. Later output is passed on and not stored.
"""

from __future__ import annotations

import codecs
import os
import select
import sys
from _thread import allocate_lock
from math import inf
from time import monotonic

from ... import _core
from ...threads import NativeThread
from ..streams import descriptor, write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from ..args.parser import Settings
    from .child import Child
    from .timers import TimerThread

DRAIN_TIMEOUT = 0.25  # seconds
POLL_INTERVAL = 0.02  # seconds
READ_SIZE = 1 << 16  # bytes: the usual capacity of a pipe
MOST_MISSED = 1 << 24  # bytes that are stored and cannot be passed on
LARGEST_PIPE = 1 << 20  # bytes: /proc/sys/fs/pipe-max-size, unless root has raised it

PIPE = -1  # subprocess.PIPE, whose import costs more than the rest of the command
STREAMS = ('stdout', 'stderr')


class Capture:
    """Captures the output of each execution.

    Args:
        settings: `stdout`, `stderr` and `capture_limit` apply.
        timers: reads the pipes if no other thread is available.
        is_urgent: returns whether to stop waiting for a slow reader of our output.
    """

    def __init__(
        self,
        settings: Settings,
        timers: TimerThread,
        is_urgent: Callable[[], bool] = lambda: False,
    ) -> None:
        self.timers = timers
        self.is_urgent = is_urgent
        self.modes = {name: getattr(settings, name) for name in STREAMS}
        self.modes = {name: mode for name, mode in self.modes.items() if mode}
        self.limit = settings.capture_limit
        self.pipes = dict.fromkeys(self.modes, PIPE)
        self._readers: dict[str, Reader] = {}

    def started(self, child: Child) -> None:
        """Start to read the pipes."""
        for name, mode in self.modes.items():
            # Looked up now, because tests of users replace them.
            copy = None if mode == 'suppress' else getattr(sys, f'__{name}__')
            pipe = getattr(child.process, name)
            reader = Reader(pipe, PassOn(copy), OutputBuffer(self.limit), self.timers)
            reader.start()
            self._readers[name] = reader

    def ended(self, child: Child) -> None:
        """Wait until the pipes are empty, and store the texts in the child."""
        for reader in self._readers.values():
            reader.finish(self.is_urgent)
        self.store(child)

    def store(self, child: Child) -> None:
        """Store the texts so far in the child; later output is only passed on."""
        readers, self._readers = self._readers, {}
        if readers:
            child.texts = {name: reader.take() for name, reader in readers.items()}


class Reader:
    """A thread that reads a pipe.

    Args:
        pipe: pipe of a child; in tests of users, an iterable of lines with a `close`.
        pass_on: called with each piece.
        buffer: stores the output.
        timers: reads if no other thread is available.
    """

    def __init__(
        self, pipe: Any, pass_on: PassOn, buffer: OutputBuffer, timers: TimerThread
    ) -> None:
        self.pipe = pipe
        self.timers = timers
        self.pass_on = pass_on
        self.buffer: OutputBuffer | None = buffer
        self.number = descriptor(pipe)
        self.passing_on = False
        self.taken = 0
        self.enough = inf  # bytes that include all that the child itself wrote
        self._lock = allocate_lock()
        self._done = _core.Gate()

    def start(self) -> None:
        """Start the thread; if the system has none, let the timer thread read."""
        thread = NativeThread(self._read)
        try:
            thread.start()
        except RuntimeError:  # no thread available
            if self.number is None:
                raise
            steps = self._steps()
            self.timers.listen(self.number, lambda: next(steps, None))

    def _read(self) -> None:
        for _ in self._steps():
            pass

    def _steps(self) -> Iterator[None]:
        """Read a piece in each step."""
        try:
            for piece in self._pieces():
                self._take_over(piece)
                yield
            self.pass_on(b'', final=True)
        except (OSError, ValueError):
            pass  # it broke or was closed; keep what was read
        finally:
            if self.number is not None:
                self.timers.ignore(self.number)
            self.pipe.close()
            self._done.set()

    def _take_over(self, piece: bytes) -> None:
        self.passing_on = True
        with self._lock:
            if self.buffer is not None and self.taken < self.enough:
                self.buffer.add(piece)
        self.taken += len(piece)
        self.pass_on(piece)
        self.passing_on = False

    def _pieces(self) -> Iterator[bytes]:
        if self.number is None:
            yield from self.pipe
        else:
            while piece := os.read(self.number, READ_SIZE):
                yield piece

    def finish(self, is_urgent: Callable[[], bool] = lambda: False) -> None:
        """Wait until all output of the child itself is read."""
        self.enough = self.taken + LARGEST_PIPE
        give_up_at = monotonic() + DRAIN_TIMEOUT
        while not self.timers.pause(self._done, POLL_INTERVAL):
            if is_urgent() or self.taken >= self.enough:
                break
            if monotonic() > give_up_at and self._is_empty():
                break

    def take(self) -> str:
        """Return the text; later output is not stored."""
        with self._lock:
            buffer, self.buffer = self.buffer or OutputBuffer(), None
        return buffer.text()

    def _is_empty(self) -> bool:
        """Return whether all output so far was read and passed on."""
        if self.number is None or self.passing_on:
            return False  # our output is slow: there may be more
        return not _has_data(self.number)


class PassOn:
    """Copies pieces to an output stream until that fails.

    Real streams get the bytes unchanged; others, such as a StringIO, get text.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._number = descriptor(stream)
        self._decode = codecs.getincrementaldecoder('utf-8')('replace').decode
        self._works = stream is not None
        self._missed = 0  # bytes since the failure
        self._attempt(getattr(stream, 'flush', None))

    def __call__(self, piece: bytes, final: bool = False) -> None:
        """Copy a piece, unless the stream has failed.

        Raises:
            BrokenPipeError: MOST_MISSED bytes were not passed on.
        """
        if self._stream is not None and not self._works:
            self._miss(piece)
        elif self._number is None:
            self._attempt(self._write_text, self._decode(piece, final))
        else:
            self._attempt(write_all, self._number, piece)

    def _miss(self, piece: bytes) -> None:
        self._missed += len(piece)
        if self._missed > MOST_MISSED:
            raise BrokenPipeError

    def _attempt(self, action: Callable[..., object] | None, *args: Any) -> None:
        if not self._works or action is None:
            return
        try:
            action(*args)
        except Exception:  # closed, cannot encode it ...
            self._works = False

    def _write_text(self, text: str) -> None:
        if text:
            self._stream.write(text)
            self._stream.flush()


class OutputBuffer:
    """The stored output of a stream: all of it, or its head and its tail.

    Args:
        limit: number of bytes to store; None for all.
    """

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit
        self._tail_size = 0 if limit is None else limit // 2
        self._head, self._tail = bytearray(), bytearray()
        self._size = 0

    def add(self, piece: bytes) -> None:
        """Add the next bytes."""
        self._size += len(piece)
        if self.limit is None:
            self._head += piece
            return
        room = self.limit - self._tail_size - len(self._head)
        self._head += piece[:room]
        self._tail += piece[room:]
        if len(self._tail) > 2 * self._tail_size + READ_SIZE:
            self._cut()

    def _cut(self) -> None:
        del self._tail[: max(len(self._tail) - self._tail_size, 0)]

    def text(self) -> str:
        """Return the decoded text; invalid UTF-8 becomes U+FFFD."""
        self._cut()
        left_out = self._size - len(self._head) - len(self._tail)
        if not left_out:
            return (self._head + self._tail).decode('utf-8', 'replace')
        head, tail = _without_cut_end(self._head), _without_cut_start(self._tail)
        left_out += len(self._head) - len(head) + len(self._tail) - len(tail)
        note = f'\n[... {left_out} bytes left out ...]\n'
        return head.decode('utf-8', 'replace') + note + tail.decode('utf-8', 'replace')


def _without_cut_end(data: bytearray) -> bytearray:
    """Drop an incomplete character at the end."""
    decoder = codecs.getincrementaldecoder('utf-8')('replace')
    decoder.decode(data)
    pending, _ = decoder.getstate()
    return data[: len(data) - len(pending)]


def _without_cut_start(data: bytearray) -> bytearray:
    """Drop an incomplete character at the start."""
    return data[:3].lstrip(bytes(range(0x80, 0xC0))) + data[3:]


def _has_data(number: int) -> bool:
    """Return whether a pipe can be read, or is at its end."""
    poll = select.poll()
    poll.register(number, select.POLLIN)
    return bool(poll.poll(0))
