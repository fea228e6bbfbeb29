"""Capture counters of the processor: instructions, cycles, misses."""

from __future__ import annotations

from _thread import _local

from .. import _core
from ..core.capture import CLIArg, innermost, resume, spanning
from ..core.observed_phases import PhaseTotals, observe_phases
from .perf_events import DEFAULT, EVENTS, NOT_COUNTED, chosen, known_event, why_not

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from typing import Any


class MBCounters:
    """Hardware counters of the thread: instructions, cycles, cache and branch misses.

    From perf_event_open(2) of Linux, for code of the program, not of the kernel. In the
    command they are those of the program and of all that it starts. What cannot be counted
    is missing, and `counters.unavailable` has the reason.

    If there are more groups of events than counters, the kernel takes turns:
    `counters.scaled` is true then, and the counts are estimates for the whole time.

    Attributes:
        counter_events: names of events, such as `('instructions', 'page_faults')`.
        counter_phases: True to sum them up for each name of a phase as well.

    >>> from microbench import MBCounters, MicroBench
    >>> class Bench(MicroBench, MBCounters):
    ...     counter_events = ('instructions', 'branch_misses', 'page_faults')
    ...     outfile = '/dev/null'
    """

    cli_name = 'counters'
    cli_fields = ('counters',)
    cli_args = (
        CLIArg(
            ['--counter-events'],
            'counter_events',
            'events to count, such as instructions page-faults (default: six)',
            metavar='EVENT',
            type=known_event,
            nargs='+',
        ),
    )
    counter_events: Iterable[str] = DEFAULT
    counter_phases = False

    @innermost
    @spanning
    def capture_counters(self, bm_data: dict[str, Any]) -> Generator[None]:
        """Set `counters`.

        Raises:
            ValueError: `counter_events` names no event, or an unknown one.
        """
        names = chosen(self.counter_events)
        if bm_data.get('call', {}).get('invocation') == 'CLI':
            yield from _of_children(bm_data, names)
            return
        counters = _of_thread(names)
        phases = PhaseTotals(lambda: _of_thread(names).reading(), _between)
        if self.counter_phases:
            observe_phases(bm_data, phases)
        before = counters.read()
        yield
        found = bm_data['counters'] = counters.fields(before, counters.read())
        if self.counter_phases:
            found['phases'] = phases.fields()

    def capturepost_counters(self, bm_data: dict[str, Any]) -> None:
        """Set `counters` if the hooks are called by hand."""
        resume(bm_data)


def _of_children(bm_data: dict[str, Any], names: tuple[str, ...]) -> Generator[None]:
    """Set `counters` to those of what this thread starts once all captures are done."""
    counters = _Counters(names, of_children=True)
    before = [counters.read()]
    bm_data['_before_children'] = lambda: before.append(counters.read())
    yield
    bm_data['counters'] = counters.fields(before[-1], counters.read())
    counters.native.close()


class _Counters:
    """Open counters, and what a record says of them."""

    def __init__(self, names: tuple[str, ...], of_children: bool = False) -> None:
        self.names = names
        self.generation = _core.fork_generation()
        self.native = _core.Counters(tuple(map(EVENTS.__getitem__, names)), of_children)
        errors = zip(names, self.native.errors, strict=True)
        self.why = {name: why_not(name, error) for name, error in errors if error}
        self.failed = 0  # errno of the last reading

    def read(self) -> Any:
        """Return a reading; None if there is none."""
        try:
            return self.native.read()
        except OSError as error:
            self.failed = error.errno or 0
            return None

    def reading(self) -> tuple[_Counters, Any] | None:
        """Return these counters and a reading; None if there is none."""
        found = self.read()
        return None if found is None else (self, found)

    def known(self, before: Any, after: Any) -> dict[str, Any]:
        """Return what was counted between two readings, by event."""
        counts = zip(self.names, after.since(before), strict=True)
        found = {name: count for name, (count, _) in counts if count is not None}
        return {
            name: count / 1e9 if name == 'task_clock' else count
            for name, count in found.items()
            if name not in self.why
        }

    def fields(self, before: Any, after: Any) -> dict[str, Any]:
        """Return the field `counters`."""
        there = [name for name in self.names if name not in self.why]
        if before is None or after is None:
            why = dict.fromkeys(there, why_not('', self.failed))
            return {'unavailable': {**self.why, **why}}
        found = self.known(before, after)
        why = {name: NOT_COUNTED for name in there if name not in found}
        if there:
            i = self.names.index(there[0])
            enabled, running = after.times_ns(before, i)
            found.update(time_enabled=enabled / 1e9, time_running=running / 1e9)
        if any(is_estimate for _, is_estimate in after.since(before)):
            found['scaled'] = True
        if self.why or why:
            found['unavailable'] = {**self.why, **why}
        return found


def _between(before: tuple[_Counters, Any], after: tuple[_Counters, Any]) -> Any:
    """Return what was counted of a phase; None if it ended in another thread."""
    counters, first = before
    return counters.known(first, after[1]) if after[0] is counters else None


_open = _local()  # `counters`: those of this thread, by the names of their events


def _of_thread(names: tuple[str, ...]) -> _Counters:
    """Return the counters of this thread, opened once; anew in a forked child."""
    known: dict[tuple[str, ...], _Counters] = _open.__dict__.setdefault('counters', {})
    found = known.get(names)
    if found is None or found.generation != _core.fork_generation() or found.failed:
        found = known[names] = _Counters(names)
    return found
