"""Collect the timed runs of a command, those that failed apart."""

from __future__ import annotations

from math import fsum, isfinite

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    class Run(Protocol):
        """One execution of the command; see run/child.py."""

        duration_ns: int
        status: int | None
        usage: Any
        timed_out: bool
        run_delay: float | None

        @property
        def returncode(self) -> int:
            """The exit status; negative: the signal that ended it."""


TIMED_OUT, UNFINISHED = 'timed out', 'not finished'


class Runs:
    """The timed runs of a command.

    Runs that failed, timed out or were killed are counted, and their times are kept apart.

    Args:
        requested: how many there should be.

    Attributes:
        good: seconds of the runs that ended with status 0, in order.
        bad: seconds of the others.
        ends: how those ended, and how many so.
        starts_well: whether the first run ended with status 0.
        delay: seconds for which the programs were ready and waited for a CPU, of the runs
            for which the kernel says it; `measured` has the seconds of these runs.
    """

    def __init__(self, requested: int) -> None:
        self.requested = requested
        self.good: list[float] = []
        self.bad: list[float] = []
        self.ends: dict[str, int] = {}
        self.starts_well = False
        self.delay = self.measured = 0.0
        self._usage: list[Any] = []
        self._bad_usage: list[Any] = []

    def add(self, run: Run) -> None:
        """Add a run that has ended, or that will not be waited for."""
        seconds, end = run.duration_ns * 1e-9, _end_text(run)
        if not isfinite(seconds):
            return
        if not self.count:
            self.starts_well = not end
        if run.run_delay is not None:
            self.delay += run.run_delay
            self.measured += seconds
        self._add(seconds, run.usage, end)

    def _add(self, seconds: float, usage: Any, end: str) -> None:
        (self.bad if end else self.good).append(seconds)
        if end:
            self.ends[end] = self.ends.get(end, 0) + 1
        if usage is not None:
            (self._bad_usage if end else self._usage).append(usage)

    @property
    def count(self) -> int:
        """Number of all runs."""
        return len(self.good) + len(self.bad)

    @property
    def shown(self) -> list[float]:
        """The times that the answer is about: of the good runs, or else of the others."""
        return self.good or self.bad

    @property
    def usage(self) -> list[Any]:
        """What these runs used, as wait4(2) has it."""
        return self._usage if self.good else self._bad_usage

    def total(self, counter: str) -> float:
        """Return the sum of a counter over all runs."""
        used = [*self._usage, *self._bad_usage]
        return fsum(getattr(usage, f'ru_{counter}') for usage in used)


def _end_text(run: Run) -> str:
    """Return how a run ended, or an empty text if it ended well."""
    if run.timed_out:
        return TIMED_OUT
    if run.status is None:
        return UNFINISHED
    if not run.returncode:
        return ''
    from ...results.endings import exit_text  # start-up time

    return exit_text(run.returncode)
