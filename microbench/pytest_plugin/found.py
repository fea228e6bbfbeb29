"""What the tests of a run have measured, and what is to be said of it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..comparison.report import Comparison
    from ..comparison.rows import Row

    Record = dict[str, Any]


class Results:
    """The measurements of a run.

    Args:
        fail_over: a test that is slower by more than this share fails the run; None: no
            test does.

    Attributes:
        fail_over: as given.
        failed: ids of tests that have not passed.
        unused: ids of tests that have measured nothing.
        workers: number of processes of xdist.
        problems: sentences about what could not be done.
        comparison: with the baseline; None without one.
    """

    def __init__(self, fail_over: float | None = None) -> None:
        self.fail_over = fail_over
        self.failed: list[str] = []
        self.unused: list[str] = []
        self.workers = 0
        self.problems: list[str] = []
        self.comparison: Comparison | None = None
        self._placed: list[tuple[int, Record]] = []

    def __bool__(self) -> bool:
        return bool(self._placed or self.problems or self.unused)

    def add(self, place: int, record: Record) -> None:
        """Add a record of a test with this place in the order of collection."""
        self._placed.append((place, record))

    @property
    def records(self) -> list[Record]:
        """The records of the tests that have passed, in the order of collection."""
        return [record for _, record in sorted(self._placed, key=lambda one: one[0])]

    @property
    def is_too_slow(self) -> bool:
        """Whether a test is slower than the limit, or none could be compared."""
        if self.comparison is None or self.fail_over is None:
            return False
        return not self.comparison.pairs or self.comparison.is_slower_by(self.fail_over)

    def verdict_of(self, name: str) -> Row | None:
        """Return what the comparison says of a measurement; None if it says nothing."""
        rows = self.comparison or ()
        short = name.partition('::')[2]
        found = (r for r in rows if r.phase is None and r.name in (name, short))
        return next(found, None)
