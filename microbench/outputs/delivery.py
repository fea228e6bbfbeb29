"""Give each record to each sink, even if other sinks fail.

A sink that fails affects neither the result of the program nor the other sinks. The first
ten records that no sink took are printed to standard error, one line each. After that,
only their count is printed, each time it has grown tenfold.

Sinks on this machine come first, those behind a network after them. A network sink that
failed the last time gets little time until it takes a record again: a dead server must not
delay the program at each record.
"""

from __future__ import annotations

from _thread import get_ident
from time import monotonic

from .. import _core
from ..messages import one_line, print_stderr, text_of, warn, write_line
from .base import Output, writer_of
from .delivery_state import Turns
from .file import FileOutput
from .native import native_target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .delivery_state import Last

MOST_LINES = 10
MOST_KEPT = 1000
MOST_TRIES = 100  # each time Ctrl-C comes
PATIENCE = 5.0  # seconds for a sink behind a network that failed the last time


class Delivery:
    """The sinks of one bench.

    Args:
        sinks: objects with `write(str)` or, as `Output` has it, `write_record(bytes)`.
        on_error: `'warn'`, or `'raise'` the first error once all sinks have tried.
    """

    lost = 0  # records of this process that no sink took
    kept = 0  # records kept in a journal, since standard error failed too

    last: Last | None = None  # while the last record of the process is delivered

    def __init__(self, sinks: list[Any], on_error: str) -> None:
        self.sinks = sinks
        self.in_order = sorted(sinks, key=lambda sink: not _is_local(sink))
        self.on_error = on_error
        self.failing: set[int] = set()  # ids of sinks that were warned about

    def __reduce__(self) -> Any:
        return type(self), (self.sinks, self.on_error)

    def look_ahead(self) -> None:
        """Warn about sinks that could not take a record at present."""
        for sink in self.sinks:
            if issubclass(type(sink), Output):  # type(), since a Mock only claims to be one
                try:
                    sink.look_ahead()
                except Exception as error:
                    self._warn_once(sink, 'cannot take records as things are', error)

    def get_results(self, format: str, flat: bool) -> Any:  # noqa: A002
        """Return the records from the first sink that can read them back.

        Raises:
            RuntimeError: no sink can.
        """
        for sink in self.sinks:
            if hasattr(sink, 'get_results'):
                try:
                    return sink.get_results(format=format, flat=flat)
                except NotImplementedError:
                    continue
        raise RuntimeError('no sink of this bench supports get_results()')

    def deliver(self, record: bytes, timeout: float | None = None) -> None:
        """Give the record, without newline, to every sink, even if Ctrl-C interrupts it.

        Args:
            record: the line.
            timeout: seconds for all sinks together; each gets what is left of them.
        """
        _core.insist(Delivering(self, record, timeout), 'go_on', None)

    def go_on(self, record: bytes, turns: Turns, timeout: float | None = None) -> None:
        """Give the record to the sinks that have not tried it yet.

        Args:
            record: the line.
            turns: outcome of the sinks that have tried.
            timeout: seconds for all sinks together; each gets what is left of them.
        """
        if turns.over:
            return
        again, turns.begun = turns.begun, True  # the next one may have taken it
        last = self._last_here()
        if last is not None and timeout is None:
            timeout = last.seconds
        deadline = None if timeout is None else monotonic() + timeout
        sinks = self.in_order if last is None else self._files_first()
        for sink in sinks[len(turns.errors) :]:
            if last is not None and _is_native(sink) and not last.claim():
                return
            self._give(sink, record, deadline, turns, again)
            if last is not None and turns.errors[-1] is None:
                last.claim()
            again = False
        if any(turns.errors):
            self._react(sinks, turns, record, last)
        turns.over = True
        if turns.interruption is not None:
            raise turns.interruption

    def _give(
        self,
        sink: Any,
        record: bytes,
        deadline: float | None,
        turns: Turns,
        again: bool,
    ) -> None:
        """Give the record to the next sink, unless the sink has it already."""
        write = writer_of(sink)
        try:
            if again and _has(sink, record):
                pass
            elif deadline is None and not self.failing:
                write(record)
            else:
                self._write_in_time(sink, record, deadline)
        except BaseException as error:
            if _is_its_own(error, sink):
                turns.errors.append(error)
            else:
                turns.interruption = turns.interruption or error
                turns.errors.append(self._once_more(sink, record))
        else:
            turns.errors.append(None)
            if self.failing:
                self.failing.discard(id(sink))

    @staticmethod
    def _once_more(sink: Any, record: bytes) -> BaseException | None:
        """Give the record to a file that was interrupted, unless it has got it."""
        for _ in range(MOST_TRIES):
            try:
                if not sink._ends_with(record):
                    writer_of(sink)(record)
            except BaseException as error:
                failure = error
                if _is_its_own(error, sink):
                    return error
            else:
                return None
        return failure

    def _last_here(self) -> Last | None:
        """Return `last`, unless another thread delivers a record of its own meanwhile."""
        last = self.last
        return last if last is not None and last.thread == get_ident() else None

    def _files_first(self) -> list[Any]:
        return sorted(self.in_order, key=lambda sink: not _is_native(sink))

    def took_last(self) -> list[Any]:
        """Return the sinks that took the last record."""
        return [sink for sink in self.sinks if id(sink) not in self.failing]

    def failed(self, name: str, error: BaseException, record: bytes) -> None:
        """React to a failed `output_result` of the user: warn, print the record, raise."""
        interrupted = not isinstance(error, Exception)
        if self.on_error == 'warn' and not interrupted:
            warn(f'{name} did not take a record: {one_line(error)}', RuntimeWarning)
        if not any(_has(sink, record) for sink in self.sinks):
            self.last_resort(record, always=interrupted)
        if self.on_error == 'raise' or interrupted:
            raise error

    def _write_in_time(self, sink: Any, record: bytes, deadline: float | None) -> None:
        left = None if deadline is None else max(deadline - monotonic(), 0.0)
        if not _is_local(sink):
            if left == 0.0:
                raise TimeoutError('no time was left for it')
            if id(sink) in self.failing:
                left = PATIENCE if left is None else min(left, PATIENCE)
        if left is None:
            writer_of(sink)(record)
        else:
            writer_of(sink)(record, left)

    def _react(
        self, sinks: list[Any], turns: Turns, record: bytes, last: Last | None
    ) -> None:
        lost = all(turns.errors)
        for sink, error in zip(sinks, turns.errors, strict=True):
            if error is not None and self.on_error == 'warn' and not (lost and last):
                self._warn_once(sink, 'did not take a record', error)
        if lost and not self._lose(record, last):
            turns.lost = record
        for error in turns.errors:
            raises = self.on_error == 'raise' or not isinstance(error, Exception)
            if error is not None and raises and turns.interruption is None:
                turns.over = True
                raise error

    def _lose(self, record: bytes, last: Last | None) -> bool:
        """Print the record; return True if it was printed, or another writer had it."""
        if last is None:
            return self.last_resort(record)
        if last.claim():
            last.told = True
            return self.last_resort(record, always=True)
        return True

    def _warn_once(self, sink: Any, what: str, error: BaseException) -> None:
        if id(sink) not in self.failing:
            self.failing.add(id(sink))
            warn(f'{text_of(sink, repr)} {what}: {one_line(error)}', RuntimeWarning)

    @classmethod
    def may_keep(cls) -> bool:
        """Return True if a journal may keep one more record: open ones need room too."""
        cls.kept += 1
        return cls.kept <= MOST_KEPT

    @classmethod
    def last_resort(cls, record: bytes, always: bool = False) -> bool:
        """Write the record to standard error: the first ten, or `always`.

        Returns whether standard error took it.
        """
        Delivery.lost += 1
        if always or cls.lost <= MOST_LINES:
            return write_line(record.decode('ascii', 'backslashreplace'))
        if _is_power_of_ten(cls.lost):
            print_stderr(f'microbench: no sink took {cls.lost} records so far')
        return False


class Delivering:
    """One record on its way to the sinks."""

    def __init__(self, delivery: Delivery, record: bytes, timeout: float | None) -> None:
        self._delivery = delivery
        self._record = record
        self._timeout = timeout
        self._turns = Turns()

    def go_on(self, _: None) -> None:
        """Give it to the remaining sinks. The caller: `_core.insist()`, by name."""
        self._delivery.go_on(self._record, self._turns, self._timeout)


def _is_local(sink: Any) -> bool:
    return bool(getattr(sink, 'local', True))


def _is_native(sink: Any) -> bool:
    return native_target(sink) is not None


def _is_its_own(error: BaseException, sink: Any) -> bool:
    """Return True if the sink raised the error, not Ctrl-C or another signal handler.

    Files raise known errors. A sink of another kind may raise anything.
    """
    if not _can_be_asked(sink):
        return True
    own = isinstance(error, (ValueError, TypeError, RuntimeError, MemoryError))
    return own or getattr(error, 'errno', None) is not None  # unlike TimeoutError()


def _can_be_asked(sink: Any) -> bool:
    """Return True if a sink is a Python file whose contents can be read back."""
    if not issubclass(type(sink), FileOutput) or not sink._can_be_read:
        return False
    return getattr(writer_of(sink), '__func__', None) is FileOutput.write_record


def _has(sink: Any, record: bytes) -> bool:
    return _can_be_asked(sink) and sink._ends_with(record)


def _is_power_of_ten(number: int) -> bool:
    return str(number).rstrip('0') == '1'
