"""Phases of a record that are read beside their time: counters, CPU time.

A run has one observer, which C calls with each phase that is made. It reads what the mixins
of the bench asked for, before the phase and after it, and sums it up by name.
"""

from __future__ import annotations

from _thread import allocate_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

MOST_NAMES = 1000  # later names share a total, whose name is None, as in mb_phases.h


class PhaseTotals:
    """What one mixin reads of the phases of one run.

    Args:
        read: returns a reading; None if there is none.
        difference: returns the numbers between two readings, and in `unavailable` why
            some are missing; None leaves a phase out.
    """

    def __init__(
        self,
        read: Callable[[], Any],
        difference: Callable[[Any, Any], dict[str, Any] | None],
    ) -> None:
        self.read = read
        self.difference = difference
        self.totals: dict[str | None, dict[str, Any]] = {}
        self._lock = allocate_lock()

    def add(self, name: str | None, before: Any, after: Any) -> None:
        """Add one phase."""
        known = None
        if before is not None and after is not None:
            known = self.difference(before, after)
        if known is None:
            return
        with self._lock:  # phases of several threads
            if name not in self.totals and len(self.totals) >= MOST_NAMES:
                name = None
            total = self.totals.setdefault(name, {'count': 0})
            total['count'] += 1
            if why := known.pop('unavailable', None):
                total.setdefault('unavailable', {}).update(why)
            for field, value in known.items():
                total[field] = round(total.get(field, 0) + value, 9)

    def fields(self) -> list[dict[str, Any]]:
        """Return the totals, one object for each name, in the order of ending.

        What is unknown of one phase is missing in the total: the sum of others is none.
        """
        return [{'name': name, **_whole(total)} for name, total in self.totals.items()]


def _whole(total: dict[str, Any]) -> dict[str, Any]:
    missing = total.get('unavailable', ())
    return {field: value for field, value in total.items() if field not in missing}


class Observer:
    """All that is read of the phases of one run."""

    def __init__(self) -> None:
        self.readers: list[PhaseTotals] = []

    def __call__(self, phase: Any) -> ObservedPhase:
        """Return what stands for a phase. The caller: C."""
        return ObservedPhase(phase, self.readers)


class ObservedPhase:
    """A phase with readings: taken last before it and first after it."""

    __slots__ = ('before', 'inner', 'readers')

    def __init__(self, inner: Any, readers: list[PhaseTotals]) -> None:
        self.inner = inner
        self.readers = readers
        self.before: list[Any] = []

    def __enter__(self) -> Any:
        self.before = [reader.read() for reader in self.readers]
        self.inner.__enter__()
        return self

    def __exit__(self, *error: object) -> Any:
        result = self.inner.__exit__(*error)
        self._add([reader.read() for reader in self.readers])
        return result

    async def __aenter__(self) -> Any:
        return self.__enter__()

    async def __aexit__(self, *error: object) -> Any:
        return self.__exit__(*error)

    def _add(self, after: list[Any]) -> None:
        readings = zip(self.readers, self.before, after, strict=True)
        for reader, before, now in readings:
            reader.add(self.inner.name, before, now)

    def __call__(self, func: Any) -> Any:
        """Decorate a function, as a phase does."""
        return self.inner(func)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def observe_phases(bm_data: dict[str, Any], reader: PhaseTotals) -> None:
    """Have phases of the record's run read; hooks that are called by hand have no run."""
    run = bm_data.get('_run')
    if run is None:
        return
    observer = bm_data.get('_observer')
    if observer is None:
        observer = bm_data['_observer'] = Observer()
        run.observe_phases(observer)
    observer.readers.append(reader)
