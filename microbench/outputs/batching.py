"""Batches of records in front of a file: one write for many.

What waits, and when it is written, is in C (mb_batch.h). This module checks the option,
finds the journal that the waiting records lie in, and writes what is left at the end of
the interpreter. What no file takes then is printed, unless it lies in a journal.
"""

from __future__ import annotations

import atexit
import os
from math import isfinite
from weakref import WeakSet

from .. import _core
from ..journal.reader import real
from ..messages import one_line, print_stderr
from .report import Report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MODES = ('auto', 'on', 'off')
AGE = 1.0  # seconds that a record of `batch=64` waits, at most
MOST = (1 << 32) - 1  # records; MB_BATCH_SIZE is reached much earlier

_open: WeakSet[Any] = WeakSet()
_registered = False


def limits(batch: Any) -> tuple[int, float]:
    """Return how many records fill a batch, and for how many seconds one may wait.

    Args:
        batch: an integer is a number of records, any other number is seconds.

    Raises:
        TypeError: it is not a number.
        ValueError: it is not positive.
    """
    wrong = (
        f'batch has to be a number of records, as 64, or of seconds, as 0.1, not {batch!r}'
    )
    if isinstance(batch, (bool, str, bytes)):
        raise TypeError(wrong)
    try:
        records = int(batch.__index__()) if hasattr(batch, '__index__') else 0
        seconds = AGE if records else float(batch)
    except (TypeError, ValueError):
        raise TypeError(wrong) from None
    if records < 0 or not isfinite(seconds) or seconds <= 0:
        raise ValueError(wrong)
    return (min(records, MOST), AGE) if records else (MOST, seconds)


def batch_for(output: Any, appender: _core.Appender) -> _core.Batch:
    """Return the batch in front of the file that a FileOutput has opened."""
    global _registered  # noqa: PLW0603 - once for the process
    if not _registered:
        _registered = True
        atexit.register(write_all_at_exit)
    _open.add(output)
    records, seconds = limits(output.batch)
    batch = _core.Batch(appender, records, seconds)
    renew(output, batch)
    return batch


def renew(output: Any, batch: _core.Batch) -> None:
    """Give the batch, empty in this process, a place for its records."""
    batch.renew(_journal_of(output))
    if output._on_batch is not None:
        output._on_batch()


def _journal_of(output: Any) -> _core.Journal | None:
    mode = output._journal or os.environ.get('MICROBENCH_JOURNAL') or 'auto'
    if mode == 'off':
        return None
    place = None if mode in MODES else os.fsencode(mode)
    try:
        path = os.fsencode(real(output._file()))
        return _core.Journal(path, place, mode == 'auto')
    except OSError:
        return None  # no mapped files here, a full disk, no working directory


def write_all_at_exit() -> None:
    """Write all that waits. From here on, each record is written at once."""
    _core.end_batches()
    for output in list(_open):
        batch = output._batch
        if batch is not None and not batch.is_stale:
            _write_at_exit(output, batch)


def _write_at_exit(output: Any, batch: _core.Batch) -> None:
    try:
        batch.flush()
    except OSError as error:
        lines = batch.lines()
        if not batch.is_journaled:
            batch.discard()
            for line in lines:
                Report.last_resort(line, always=True)
        elif lines:
            count = f'{len(lines)} record{"s" * (len(lines) > 1)}'
            print_stderr(
                f'microbench: {output!r}: {count} could not be written, and will be '
                f'recovered from the journal: {one_line(error)}'
            )
