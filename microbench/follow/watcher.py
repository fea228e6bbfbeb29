"""Waiting until a file may have changed: told by the kernel where it can, else by time.

Linux tells what happens to a file and in its directory, but nothing of what other
machines do on a network file system. So whoever waits here also looks by himself, as
often as he likes; the kernel only makes him quicker. Without inotify (another system, no
watch left for this user) time is all there is.
"""

from __future__ import annotations

import os
import select
import struct
from threading import Lock
from time import monotonic, sleep

from . import inotify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

PAUSE = 0.001  # seconds from one look to the next, however busy the file is
LONGEST = 3600.0  # seconds that the system is asked to wait at once
EVENT = struct.Struct('iIII')  # watch, what happened, cookie, length of the name
EVENTS = 1 << 16  # bytes of events that are read at once


class Watcher:
    """Waits for changes at a path, one file after another, or until it is woken.

    Args:
        path: where the file is or will be.

    Raises:
        OSError: no descriptors are left.
    """

    def __init__(self, path: str | bytes) -> None:
        self._directory, self._name = os.path.split(os.fsencode(os.path.abspath(path)))
        self._descriptors: list[int] = []
        self._inotify = self._of_directory = -1
        self._last_look = 0.0
        self._owner, self._lock = os.getpid(), Lock()
        self._woken, self._waker = os.pipe()
        os.set_blocking(self._waker, False)
        self._output = -1
        self._poll = select.poll()
        self._poll.register(self._woken, select.POLLIN)

    def mind(self, output: int) -> None:
        """Have `wait` raise BrokenPipeError once nobody reads from a pipe of ours."""
        self._output = output
        self._poll.register(output, 0)

    def watch(self, descriptors: Iterable[int]) -> None:
        """Wait for changes of these open files, and no others, from now on.

        What happened before may go unnoticed: look once more before waiting.
        """
        self._drop_inotify()
        self._descriptors = list(descriptors)
        self._inotify = inotify.start()
        if self._inotify >= 0:
            self._poll.register(self._inotify, select.POLLIN)
            self._add_watches()

    def wait(self, seconds: float) -> None:
        """Wait until something may have changed, `wake` is called, or the time is over."""
        deadline = monotonic() + min(seconds, LONGEST)
        while not self._is_over(max(0.0, deadline - monotonic())):
            pass
        self._last_look = monotonic()

    def wake(self) -> None:
        """End a wait, or the next one. Any thread may call it."""
        if os.getpid() != self._owner:
            return  # the other end is read by our parent
        with self._lock:
            if self._waker >= 0:
                try:
                    os.write(self._waker, b'.')
                except BlockingIOError:
                    pass  # it was woken often enough

    def close(self) -> None:
        """Give back all descriptors and watches."""
        self._drop_inotify()
        with self._lock:
            os.close(self._woken)
            os.close(self._waker)
            self._waker = -1

    def _drop_inotify(self) -> None:
        if self._inotify >= 0:
            self._poll.unregister(self._inotify)
            os.close(self._inotify)
            self._inotify = -1

    def _add_watches(self) -> None:
        """Watch files and directory; what is watched already stays so."""
        if self._inotify < 0:
            return
        for descriptor in self._descriptors:  # the file itself, whatever its name is now
            name = b'/proc/self/fd/%d' % descriptor
            inotify.add(self._inotify, name, inotify.OF_A_FILE)
        self._of_directory = inotify.add(
            self._inotify, self._directory, inotify.OF_A_DIRECTORY
        )

    def _is_over(self, seconds: float) -> bool:
        """Wait for one event, or these seconds; return whether it is time to look."""
        ready = [descriptor for descriptor, _ in self._poll.poll(seconds * 1000)]
        if self._output in ready:
            raise BrokenPipeError
        if self._woken in ready:
            os.read(self._woken, EVENTS)
        elif self._inotify in ready:
            sleep(max(0.0, self._last_look + PAUSE - monotonic()))
            return self._concerns_us(os.read(self._inotify, EVENTS))
        else:
            self._add_watches()  # the directory may be a new one
        return True

    def _concerns_us(self, events: bytes) -> bool:
        """Whether one of the events is not just another file of the directory."""
        start = 0
        while start < len(events):
            watch, _, _, length = EVENT.unpack_from(events, start)
            start += EVENT.size + length
            name = events[start - length : start].rstrip(b'\0')
            if watch != self._of_directory or name in (b'', self._name):
                return True
        return False
