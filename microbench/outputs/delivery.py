"""Give each record to each sink, even if other sinks fail.

A sink that fails affects neither the result of the program nor the other sinks: report.py
has what follows. An interruption (Ctrl-C) costs no sink its record, and gives none to it
twice: plain_file.py has what is asked then.

Sinks on this machine come first, those behind a network after them. A network sink that
failed the last time gets little time until it takes a record again: a dead server must not
delay the program at each record.

Results are read back from the first sink that can: a file reads them by journal/lost.py.
"""

from __future__ import annotations

from _thread import get_ident
from time import monotonic

from .. import _core
from .base import Output, takes_bytes, text_writer
from .file import FileOutput
from .plain_file import has, is_its_own, store_again
from .report import Last, Report, Turns, spools_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

FAILING_TIMEOUT = 5.0  # seconds for a sink behind a network that failed the last time


class Delivery:
    """The sinks of one bench.

    Args:
        sinks: objects with `write(str)` or, as `Output` has it, `write_record(bytes)`.
        on_error: `'warn'`, or `'raise'` the first error once all sinks have tried.
        spool: directory for what a sink did not take, or None.
    """

    last: Last | None = None  # while the last record of the process is delivered

    def __init__(self, sinks: list[Any], on_error: str, spool: str | None = None) -> None:
        self.sinks = sinks
        self.spool = spool
        self.routes = sorted(map(Route, sinks), key=lambda route: not route.is_local)
        self.report = Report(on_error, spools_of(sinks, spool))
        self._failing = self.report.failing

    def __reduce__(self) -> Any:
        return type(self), (self.sinks, self.report.on_error, self.spool)

    def look_ahead(self) -> None:
        """Warn about sinks that could not take a record at present."""
        for sink in self.sinks:
            if issubclass(type(sink), Output):  # type(), since a Mock only claims to be one
                self._warn_if_failing(sink, sink.look_ahead)

    def look_for_directories(self) -> None:
        """Warn about files whose directory is missing, and cannot be made."""
        for sink in self.sinks:
            if issubclass(type(sink), FileOutput):
                self._warn_if_failing(sink, sink._raise_if_out_of_reach)

    def _warn_if_failing(self, sink: Any, check: Callable[[], None]) -> None:
        try:
            check()
        except Exception as error:
            self.report.warn_once(sink, 'cannot take records as things are', error)

    def get_results(self, format: str, flat: bool, shape: str | None) -> Any:  # noqa: A002
        """Return the records from the first sink that can read them back.

        A sink of a user gives dicts or, as in 2.1.0, a frame; the rest is made here.

        Raises:
            RuntimeError: no sink can.
        """
        from ..results import formats  # start-up time

        if shape is None and format not in formats.TIDY:
            return self._read(format, flat)
        formats.check(format)
        return formats.tidy(self._read('dict', False), format, shape)

    def _read(self, format: str, flat: bool) -> Any:  # noqa: A002
        for sink in self.sinks:
            if hasattr(sink, 'get_results'):
                try:
                    return sink.get_results(format=format, flat=flat)
                except NotImplementedError:
                    continue
        raise RuntimeError('no sink of this bench supports get_results()')

    def write_batches(self) -> None:
        """Write what waits in batches of files; warn about those that fail."""
        for sink in self.sinks:
            if issubclass(type(sink), FileOutput):
                try:
                    sink._write_batch()
                except OSError as error:
                    self.report.warn_once(sink, 'did not take a batch', error)

    def flush(self, timeout: float | None) -> None:
        """Flush all sinks, even if some fail.

        Raises:
            Exception: the error of the first that failed.
        """
        deadline, failure = deadline_of(timeout), None
        for sink in self.sinks:
            if issubclass(type(sink), Output):
                left = None if deadline is None else max(deadline - monotonic(), 0.0)
                try:
                    sink.flush(left)
                except Exception as error:
                    failure = failure or error
        if failure is not None:
            raise failure

    def took_last(self) -> list[Any]:
        """Return the sinks that took the last record."""
        return [sink for sink in self.sinks if id(sink) not in self._failing]

    def failed(self, name: str, error: BaseException, record: bytes) -> None:
        """React to a failed `output_result` of the user: warn, print the record, raise."""
        is_stored = any(has(sink, record) for sink in self.sinks)
        self.report.override_failed(name, error, record, is_stored)

    def deliver(self, record: bytes, timeout: float | None = None) -> None:
        """Give the record, without newline, to every sink, even if Ctrl-C interrupts it.

        Args:
            record: the line.
            timeout: seconds for all sinks together; each gets what is left of them.
        """
        _core.call_until_done(Delivering(self, record, timeout), 'go_on', None)

    def go_on(self, record: bytes, turns: Turns, timeout: float | None = None) -> None:
        """Give the record to the sinks that have not tried it yet.

        Args:
            record: the line.
            turns: outcome of the sinks that have tried.
            timeout: seconds for all sinks together; each gets what is left of them.
        """
        if turns.over:
            return
        last = self._last_here()
        routes = self.routes if last is None else self._files_first()
        if last is None:
            self._give(routes, record, turns, deadline_of(timeout))
        elif not self._give_last(last, routes, record, turns, timeout):
            return
        if any(turns.errors):
            sinks = [route.sink for route in routes]
            self.report.all_tried(sinks, turns, record, last)
        turns.over = True
        if turns.interruption is not None:
            raise turns.interruption

    # --- order and time -------------------------------------------------------------

    def _last_here(self) -> Last | None:
        """Return `last`, unless another thread delivers a record of its own meanwhile."""
        last = self.last
        return last if last is not None and last.thread == get_ident() else None

    def _files_first(self) -> list[Route]:
        return sorted(self.routes, key=lambda route: not route.is_native)

    def _give(
        self, routes: list[Route], record: bytes, turns: Turns, deadline: float | None
    ) -> None:
        """Give the record to the sinks that have not tried it yet, one after the other."""
        for route in routes[len(turns.errors) :]:
            self._store(route, record, turns, deadline)

    def _give_last(
        self,
        last: Last,
        routes: list[Route],
        record: bytes,
        turns: Turns,
        timeout: float | None,
    ) -> bool:
        """Do the same with the last record; return False if native code writes it."""
        deadline = deadline_of(last.seconds if timeout is None else timeout)
        for route in routes[len(turns.errors) :]:
            if route.is_native and not last.claim():
                return False
            self._store(route, record, turns, deadline)
            if turns.errors[-1] is None:
                last.claim()
        return True

    # --- one sink -------------------------------------------------------------------

    def _store(
        self, route: Route, record: bytes, turns: Turns, deadline: float | None
    ) -> None:
        """Give the record to the next sink, unless the sink has it already."""
        write, sink, number = route.writer(), route.sink, len(turns.errors)
        was_interrupted, turns.trying = turns.trying == number, number
        try:
            if was_interrupted and has(sink, record):
                pass
            elif deadline is None and not self._failing:
                write(record)
            else:
                self._write_in_time(route, write, record, deadline)
        except BaseException as error:
            if is_its_own(error, sink):
                turns.errors += (error,)
            else:
                turns.interruption = turns.interruption or error
                turns.errors += (store_again(sink, record),)
        else:
            turns.errors += (None,)
            if self._failing:
                self._failing.discard(id(sink))
                _core.note_change()

    def was_interrupted(self, turns: Turns, interruption: BaseException) -> None:
        """Note what a handler of a signal has raised in C while the next sink tried.

        A file is asked whether it has the record, and tries again. Another sink may wait
        for its reader again, so that it counts as one that failed.
        """
        if is_its_own(interruption, self.routes[turns.trying].sink):
            turns.errors += (interruption,)
        else:
            turns.interruption = interruption

    def _write_in_time(
        self,
        route: Route,
        write: Callable[..., None],
        record: bytes,
        deadline: float | None,
    ) -> None:
        left = None if deadline is None else max(deadline - monotonic(), 0.0)
        if not route.is_local:
            if left == 0.0:
                raise TimeoutError('no time was left for it')
            if id(route.sink) in self._failing:
                left = FAILING_TIMEOUT if left is None else min(left, FAILING_TIMEOUT)
        if left is None:
            write(record)
        else:
            write(record, left)


class Route:
    """The way to one sink. Which of its methods takes records depends on its class.

    That is looked up once, and again when the class, or one of its bases, has changed.
    """

    __slots__ = ('_takes_bytes', '_version', 'sink')

    def __init__(self, sink: Any) -> None:
        self.sink = sink
        self._look_up()

    def _look_up(self) -> None:
        kind = type(self.sink)
        self._version = _core.type_version(kind)
        self._takes_bytes = takes_bytes(kind)

    def writer(self) -> Callable[..., None]:
        """Return the function that stores a record; see base.writer_of()."""
        sink, version = self.sink, self._version
        if not version or version != _core.type_version(type(sink)):
            self._look_up()
        if self._takes_bytes and 'write' not in getattr(sink, '__dict__', ()):
            return sink.write_record  # type: ignore[no-any-return]
        return text_writer(sink)

    @property
    def is_local(self) -> bool:
        """True if no caller waits for a network."""
        sink = self.sink
        return bool(getattr(sink, 'local', True) or getattr(sink, '_sender', None))

    @property
    def is_native(self) -> bool:
        """True if native code can write to the sink when the process dies."""
        sink = self.sink
        return issubclass(type(sink), FileOutput) and sink._native_target() is not None


class Delivering:
    """One record on its way to the sinks."""

    def __init__(self, delivery: Delivery, record: bytes, timeout: float | None) -> None:
        self._delivery = delivery
        self._record = record
        self._timeout = timeout
        self._turns = Turns()

    def go_on(self, _: None) -> None:
        """Give it to the remaining sinks.

        The caller: `_core.call_until_done()`, by name.
        """
        self._delivery.go_on(self._record, self._turns, self._timeout)


def deadline_of(timeout: float | None) -> float | None:
    """Return the time of the monotonic clock at which this many seconds are over."""
    return None if timeout is None else monotonic() + timeout
