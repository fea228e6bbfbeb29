"""Name the file that a process writes in a directory of results: its shard.

Each process makes a file of its own, so processes share no lock, also on a network file
system. Neither the name nor the writer depends on what else is in the directory.
"""

from __future__ import annotations

import os
import re
from binascii import hexlify

from .. import _core
from ..launchers import rank

LONGEST_HOST = 64
UNSAFE = re.compile(r'[^A-Za-z0-9.-]+')
RANK_DIGITS = 6  # names sort by rank up to a million ranks

_names: dict[tuple[int, str], str] = {}  # by fork generation and directory


def path_in(directory: str | bytes) -> str:
    """Return the path of this process's file in a directory.

    It stays the same while the process lives; a forked child gets another one.

    Args:
        directory: absolute path.
    """
    place = os.fsdecode(directory)
    key = _core.fork_generation(), place
    path = _names.get(key)
    if path is None:
        path = _names.setdefault(key, os.path.join(place, _new_name()))
    return path


def _new_name() -> str:
    """Return a name that sorts by host, rank and time, and that no other process has.

    Process ids are used again, so random digits follow.
    """
    host = UNSAFE.sub('-', os.uname().nodename).strip('.')[:LONGEST_HOST] or 'host'
    number = rank(os.environ).get('rank')
    begin = host if number is None else f'{host}_r{number:0{RANK_DIGITS}d}'
    random = hexlify(os.urandom(4)).decode()
    return f'{begin}_{_time()}_{os.getpid()}-{random}.jsonl'


def _time() -> str:
    """Return the time in UTC, to the microsecond: `20261130T094458.123456Z`."""
    text = _core.iso8601_text(_core.wall_ns(), 0).decode()
    return text.replace('-', '').replace(':', '').replace('+0000', 'Z')
