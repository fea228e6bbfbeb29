"""The fields `host` and `process` of records of `MicroBench`: constant in a process."""

from __future__ import annotations

import os

from .. import _core
from ..launchers import rank
from .host import CAPTURES, MBHostInfo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_known: dict[int, dict[str, Any]] = {}  # of this process, by the forks that led here


def fields(bench: object) -> dict[str, Any]:
    """Return `host`, as MBHostInfo captures it, and `process`, for records of a bench.

    A bench that is an MBHostInfo captures `host` itself: its hooks may be overridden.

    `process` has `pid` and, under a launcher, `rank`, `ranks` and `local_rank`, as the
    environment names them at the first record.
    """
    found = _fields()
    return {'process': found['process']} if isinstance(bench, MBHostInfo) else found


def _fields() -> dict[str, Any]:
    generation = _core.fork_generation()
    if generation not in _known:
        host = next((known['host'] for known in _known.values()), None) or _host()
        process = {'pid': os.getpid(), **rank(list(os.environ))}
        _known.clear()
        _known[generation] = {'host': host, 'process': process}
    return _known[generation]


def _host() -> Any:
    record: dict[str, Any] = {}
    for capture in CAPTURES:
        capture(None, record)
    return record['host']
