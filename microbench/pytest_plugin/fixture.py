"""What a test gets by the name `microbench`."""

from __future__ import annotations

from ..bench import MicroBench
from ..measured_record import MeasuredRecord
from ..measurement import measure
from ..outputs.file import FileOutput
from .figures import Figures
from .rounds import Rounds, calibrated
from .settings import settings_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Protocol

    import pytest

    from ..measuring.result import Measurement

    Record = dict[str, Any]

    class Collector(Protocol):
        """What a fixture needs of the session."""

        limits: dict[str, float]
        is_disabled: bool

        def begin(self, item: pytest.Item, fixture: Fixture) -> None:
            """Expect measurements of a test."""

        def described(self, fixture: Fixture, record: Record) -> Record:
            """Return a record of a test, with the test."""
            ...


class Fixture:
    """Measures for a test; the measurements count once the test has passed.

    Called with a function, it measures the function, and returns the result of its first
    call: `assert microbench(sorted, [3, 1, 2]) == [1, 2, 3]`. As a decorator it does the
    same with a function without arguments.

    Args:
        session: of the run.
        item: the test.

    Attributes:
        item: the test.
        name: of the test.
        group: of its rows in the table; None for that of all others.
        extra_info: what else to record, as `pytest.extra_info`.
        params: values of its parameters by name; None without parameters.
        disabled: whether each function is called once, and nothing is measured.
    """

    def __init__(self, session: Collector, item: pytest.Item) -> None:
        self._session, self.item = session, item
        self._settings = settings_of(item, session.limits)
        self.name = item.name
        self.group = self._settings.group
        self.extra_info: dict[str, Any] = {}
        call = getattr(item, 'callspec', None)
        self.params: dict[str, Any] | None = call and dict(call.params)
        self.disabled: bool = session.is_disabled
        self._bench: MicroBench | None = None
        self._sink = FileOutput()
        self._records: list[Record] = []
        self._labels: set[str | None] = set()
        self._last: Measurement | None = None
        session.begin(item, self)

    @property
    def enabled(self) -> bool:
        """Whether functions are measured."""
        return not self.disabled

    @property
    def stats(self) -> Figures | None:
        """The figures of the last measurement; None before it, and if disabled."""
        return None if self._last is None else Figures(self._last)

    # --- functions -------------------------------------------------------------------

    def __call__(self, func: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Measure a function, and return the result of its first call.

        Args:
            func: what is called, often, always with the same objects.
            *args: positional arguments.
            **kwargs: keyword arguments.

        Raises:
            RuntimeError: the test has measured before: give names, with `measure`.
            Exception: whatever the function raises; then there is no measurement.
        """
        if self.disabled:
            return func(*args, **kwargs)
        record = self._record()
        call = func, args, kwargs
        result, found = calibrated(call, self._label(None), self._settings)
        self._keep(record, found)
        return result

    def measure(
        self,
        func: Callable[..., Any],
        /,
        *args: Any,
        kwargs: Mapping[str, Any] | None = None,
        name: str | None = None,
        **options: Any,
    ) -> Measurement:
        """Measure a function as `microbench.measure` does, and return the statistics.

        Args:
            func: what is called.
            *args: positional arguments of each call.
            kwargs: keyword arguments of each call.
            name: of the measurement: with one, a test can have several.
            **options: those of `microbench.measure`; the defaults are those of the run.

        Raises:
            RuntimeError: the test has measured under this name before.
            Exception: whatever the function raises; then there is no measurement.
        """
        if self.disabled:
            options = {**options, 'max_time': 1e-9, 'warmup': 0, 'loops': 1}
            options.pop('min_time', None)
            return measure(func, *args, kwargs=kwargs, name=name, **options)
        record = self._record(name)
        options = {
            **self._settings.options,
            'duration_counter': self._settings.counter,
            **options,
        }
        label = self._label(name)
        found = measure(func, *args, kwargs=kwargs, name=label, **options)
        self._keep(record, found, name)
        return found

    def pedantic(
        self,
        target: Callable[..., Any],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        setup: Callable[[], Any] | None = None,
        teardown: Callable[..., Any] | None = None,
        rounds: int = 1,
        warmup_rounds: int = 0,
        iterations: int = 1,
    ) -> Any:
        """Measure a number of rounds, and return the result of the last call.

        Args:
            target: what is called.
            args: positional arguments of each call.
            kwargs: keyword arguments of each call.
            setup: called before each round, untimed. It may return a tuple of positional
                arguments and a dict of keyword arguments.
            teardown: called after each round with the same arguments, untimed.
            rounds: number of samples.
            warmup_rounds: rounds before them, untimed.
            iterations: calls in a sample.

        Raises:
            ValueError: a number is below 1, or there is a setup for several iterations.
        """
        what = Rounds(target, args, kwargs, setup, teardown, iterations)
        if self.disabled:
            return what.once()
        record = self._record()
        name = self._label(None)
        result, found = what.measured(name, self._settings, rounds, warmup_rounds)
        self._keep(record, found)
        return result

    # --- blocks ----------------------------------------------------------------------

    @property
    def bench(self) -> MicroBench:
        """A bench whose records are those of the test: `@microbench.bench`."""
        if self._bench is None:
            counter = self._settings.counter
            self._bench = MicroBench(outputs=[self._sink], duration_counter=counter)
        return self._bench

    def record(self, name: str | None = None, **fields: Any) -> Any:
        """Return a context manager for `with`: its block is a sample.

        Args:
            name: of the measurement: blocks of the same name are samples of one.
            **fields: added to the record.
        """
        return self.bench.record(name, **fields)

    def time(self, name: str) -> Any:
        """Return a context manager for a phase of the open block."""
        return self.bench.time(name)

    # --- records ---------------------------------------------------------------------

    def records(self) -> list[Record]:
        """Return the records of the test so far."""
        if self.disabled:
            return []
        if self._bench is not None:
            self._bench.flush()
        blocks = map(dict, self._sink.get_results())
        return [self._session.described(self, one) for one in [*self._records, *blocks]]

    def _record(self, name: str | None = None) -> MeasuredRecord:
        """Begin a record, before the function is called.

        Raises:
            RuntimeError: the test has measured under this name before.
        """
        if name in self._labels:
            what = 'measured before' if name is None else f'measured {name!r} before'
            raise RuntimeError(
                f'this test has {what}: name each further measurement, as in '
                "microbench.measure(func, name='...')"
            )
        return MeasuredRecord(name or '', self._settings.counter)

    def _label(self, name: str | None) -> str:
        return self.name if name is None else name

    def _keep(
        self, record: MeasuredRecord, found: Measurement, name: str | None = None
    ) -> None:
        self._labels.add(name)
        self._last = found
        self._records.append(record.made(found.durations, found.loops))
