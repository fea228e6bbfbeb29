"""Call inotify(7) through ctypes; the numbers are those of <sys/inotify.h>."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MODIFY, ATTRIB, MOVED_TO, CREATE, MOVE_SELF = 0x2, 0x4, 0x80, 0x100, 0x800

OF_A_FILE = MODIFY | ATTRIB | MOVE_SELF  # ATTRIB reports changes of the link count
OF_A_DIRECTORY = CREATE | MOVED_TO


def _library() -> Any:
    try:
        import ctypes

        library = ctypes.CDLL(None)
        library.inotify_add_watch.argtypes = (
            ctypes.c_int,
            ctypes.c_char_p,
            ctypes.c_uint32,
        )
        return library
    except (ImportError, OSError, AttributeError):
        return None


LIBRARY: Any = _library() if sys.platform == 'linux' else None


def start() -> int:
    """Return a descriptor that events can be read from; -1 if inotify is unavailable."""
    if LIBRARY is None:
        return -1
    return int(LIBRARY.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))


def add(descriptor: int, path: bytes, events: int) -> int:
    """Watch a path for events; return the number of the watch, or -1 on failure."""
    return int(LIBRARY.inotify_add_watch(descriptor, path, events))
