"""What became of a record: which sinks took it, and the reaction to those that did not.

A Report warns, prints the record, or raises. The first ten records that no sink took are
printed to standard error, one line each. After that, only their count is printed, each time
it has grown tenfold.
"""

from __future__ import annotations

from _thread import get_ident

from .. import _core
from ..messages import one_line, print_stderr, text_of, warn, write_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .spool import Spool

MOST_LINES = 10
MOST_KEPT = 1000


class Last:
    """The last record of the process: native code writes it if Python takes too long.

    Python claims it right before the first sink that native code would write to, or once
    another sink has taken it.

    Args:
        claim: whether the record is left to the caller; true once.
        seconds: that all sinks together have; None for any time.
    """

    def __init__(self, claim: Callable[[], bool], seconds: float | None) -> None:
        self.seconds = seconds
        self.thread = get_ident()
        self.reported = False  # on standard error
        self._claim = claim
        self._is_claimed: bool | None = None

    def claim(self) -> bool:
        """Claim the record; return True if Python, not the watchdog, owns it."""
        if self._is_claimed is None:
            self._is_claimed = self._claim()
        return self._is_claimed


class Turns:
    """Outcome of the sinks that have tried the record.

    Attributes:
        errors: one for each of these sinks: the exception it raised, or None.
        trying: number of the sink that has the record, or has had it last.
        over: all sinks have tried, and a lost record was printed.
        lost: a record that is neither in a sink nor on standard error.
        interruption: Ctrl-C, or the like, while a sink was trying.
    """

    errors: tuple[BaseException | None, ...] = ()
    trying = -1
    over = False
    lost: bytes | None = None
    interruption: BaseException | None = None


class Report:
    """The failures of the sinks of one bench.

    Args:
        on_error: `'warn'`, or `'raise'` the first error once all sinks have tried.
        spools: where records are kept that a sink did not take, by the id of the sink.

    Attributes:
        failing: ids of sinks that were warned about, until they take a record again.
    """

    lost = 0  # records of this process that no sink took
    kept = 0  # records kept in a journal, since standard error failed too

    def __init__(self, on_error: str, spools: dict[int, Spool]) -> None:
        self.on_error = on_error
        self.spools = spools
        self.failing: set[int] = set()

    def warn_once(self, sink: Any, what: str, error: BaseException) -> None:
        """Warn about a sink, unless the last record has raised this warning already."""
        if id(sink) not in self.failing:
            self.failing.add(id(sink))
            _core.note_change()
            warn(f'{text_of(sink, repr)} {what}: {one_line(error)}', RuntimeWarning)

    def all_tried(
        self, sinks: list[Any], turns: Turns, record: bytes, last: Last | None
    ) -> None:
        """React to the errors of the sinks, which are in `turns` in the same order."""
        kept = self.spools and self._keep(sinks, turns, record, last)
        lost = all(turns.errors) and not kept
        for sink, error in zip(sinks, turns.errors, strict=True):
            if error is not None and self.on_error == 'warn' and not (lost and last):
                self.warn_once(sink, 'did not take a record', error)
        if lost and not self._lose(record, last):
            turns.lost = record
        for error in turns.errors:
            raises = self.on_error == 'raise' or not isinstance(error, Exception)
            if error is not None and raises and turns.interruption is None:
                turns.over = True
                raise error

    def _keep(
        self, sinks: list[Any], turns: Turns, record: bytes, last: Last | None
    ) -> bool:
        """Keep the record for the sinks that failed and have a spool; return if one did."""
        failed = zip(sinks, turns.errors, strict=True)
        spools = [self.spools.get(id(sink)) for sink, error in failed if error is not None]
        if last is not None and all(turns.errors) and not last.claim():
            return False  # native code has written it
        return any([spool is not None and spool.keep([record]) for spool in spools])  # noqa: C419 - each

    def _lose(self, record: bytes, last: Last | None) -> bool:
        """Print the record; return True if it was printed, or another writer had it."""
        if last is None:
            return self.last_resort(record)
        if last.claim():
            last.reported = True
            return self.last_resort(record, always=True)
        return True

    def override_failed(
        self, name: str, error: BaseException, record: bytes, is_stored: bool
    ) -> None:
        """React to the error of a method of the user that takes records."""
        interrupted = not isinstance(error, Exception)
        if self.on_error == 'warn' and not interrupted:
            warn(f'{name} did not take a record: {one_line(error)}', RuntimeWarning)
        if not is_stored:
            self.last_resort(record, always=interrupted)
        if self.on_error == 'raise' or interrupted:
            raise error

    @staticmethod
    def may_keep() -> bool:
        """Return True if a journal may keep one more record: open ones need room too."""
        Report.kept += 1
        return Report.kept <= MOST_KEPT

    @staticmethod
    def last_resort(record: bytes, always: bool = False) -> bool:
        """Write the record to standard error: the first ten, or `always`.

        Returns whether standard error took it.
        """
        Report.lost += 1
        if always or Report.lost <= MOST_LINES:
            return write_line(record.decode('ascii', 'backslashreplace'))
        if _is_power_of_ten(Report.lost):
            print_stderr(f'microbench: no sink took {Report.lost} records so far')
        return False


def spools_of(sinks: list[Any], directory: str | None) -> dict[int, Spool]:
    """Return the spools of sinks, by their ids: their own, or one in the directory."""
    found = {}
    for sink in sinks:
        if hasattr(type(sink), '_keep_in'):
            sink._keep_in(directory)
            if sink._spool is not None:
                found[id(sink)] = sink._spool
        elif directory is not None:
            from .spool import Spool, description_of  # start-up time

            found[id(sink)] = Spool(directory, description_of(sink))
    return found


def _is_power_of_ten(number: int) -> bool:
    return str(number).rstrip('0') == '1'
