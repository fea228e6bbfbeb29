"""The bench: configuration, the ways in, hooks for subclasses, and results.

No timing happens here: see core/. Sinks read results back: see outputs/delivery.py.
"""

from __future__ import annotations

import time

from . import _core, exits, first_use
from .core import arguments
from .core.callables import name_of, place_of
from .core.capture import UNSET
from .core.config import Configured, config_of
from .core.hooks import Hooks
from .core.plan import Plan, current_plan, line_of
from .core.times import timezone, tzinfo
from .descriptors import Unrecorded
from .encoding import json_text
from .encoding.limits import AUTO, checked
from .encoding.masking import is_record
from .mixins.python import MBPythonInfo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, Literal, TypeVar, overload

    from ._core import Block

    Wrapper = classmethod[Any, Any, Any] | staticmethod[Any, Any]
    Decorated = TypeVar('Decorated', bound=Callable[..., Any] | Wrapper)


class MicroBenchBase(exits.RecordsExit, Configured):
    """A bench without any captures: `MicroBench` adds the Python version.

    Args:
        outfile: path or file object for one `FileOutput`. Left out: the class attribute
            `outfile` or, without one, memory.
        json_encoder: subclass of `json.JSONEncoder` for all values.
        tz: time zone of all timestamps; None for naive local time.
        iterations: timed calls for each call of a decorated function; `'auto'`: samples of
            `call.loops` calls, as many as `min_time`, `max_time` and `precision` ask for.
        warmup: untimed calls before them; `'auto'`: until they get no faster.
        duration_counter: callable that returns a number, such as `time.perf_counter`, whose
            unit is that of durations: differences of two readings.
        outputs: sinks, instead of `outfile`; each gets every record.
        on_output_error: `'warn'`; or `'raise'` a sink's error last, unless the code raised.
        journal: `'auto'` shows open blocks in a journal beside the output file, so that
            `kill -9` loses none; `'on'` also functions, and on network file systems;
            `'off'` nothing; or a directory for it. Default: MICROBENCH_JOURNAL, or 'auto'.
        durations: `'list'`, or `'histogram'` for a `Histogram` of bounded size instead.
        every: record one call of so many, and count the others.
        sample: record a share of the calls, at random, and count the others.
        max_value: bytes of JSON above which a value (an argument, a result, a field) is
            recorded as a summary; None for no limit. Default: the class attribute
            `max_value`, which is `'auto'`: 4096, and 65536 for lists, dicts and the like.
        min_time: with `'auto'`, the seconds that the samples take, at least (0.1).
        max_time: the seconds after which no sample begins (3).
        precision: share of the median, within which its interval is an earlier end (0.01).
        spool: directory that keeps what a sink did not take, for `microbench resend`.
        **static_fields: added to the top level of every record. Containers are copied,
            what they hold is shared; `call` and `mb` are merged into the record's own.

    Raises:
        TypeError, ValueError: an argument is wrong; the message names it.

    >>> bench = MicroBenchBase(experiment='baseline')
    >>> @bench
    ... def work():
    ...     with bench.time('sum'):
    ...         return sum(range(1000))
    >>> work()
    499500
    >>> [record] = bench.get_results()
    >>> record['experiment'], record['call']['name'], record['call']['timings'][0]['name']
    ('baseline', 'work', 'sum')
    """

    redact: Iterable[str] | None = ()  # patterns of fields to mask, too; None masks nothing
    max_value: Any = AUTO  # bytes of JSON above which a value is summarized; None: never
    digest_values = False  # whether summaries have a digest of the whole value
    __signature__ = first_use.LazySignature()

    def __init__(
        self,
        outfile: Any = None,
        json_encoder: Any = None,
        tz: tzinfo | None = timezone.utc,
        iterations: int | Literal['auto'] = 1,
        warmup: int | Literal['auto'] = 0,
        duration_counter: Callable[[], Any] = time.perf_counter,
        outputs: Iterable[Any] | None = None,
        *too_many: Any,
        on_output_error: str = 'warn',
        journal: Any = None,
        durations: Literal['list', 'histogram'] = 'list',
        every: int | None = None,
        sample: float | None = None,
        max_value: Any = AUTO,
        min_time: float | None = None,
        max_time: float | None = None,
        precision: float | None = None,
        spool: Any = None,
        **static_fields: Any,
    ) -> None:
        if too_many:
            raise ValueError('at most 7 positional arguments: give fields by keyword')
        tz, times = arguments.time_zone(tz), arguments.repetition(iterations, warmup)
        every, sample = arguments.numbers(static_fields, every=every, sample=sample)
        limits = min_time, max_time, precision
        limit = max_value if max_value is AUTO else checked(max_value)
        config_of(self).configure(
            measuring=arguments.measuring(static_fields, times, limits),  # may add fields
            counter=arguments.counter(duration_counter),
            encoder=arguments.encoder(json_encoder),
            static=arguments.given_fields(static_fields),
            delivery=arguments.delivery(self, outfile, outputs, on_output_error, spool),
            journal=arguments.journal(journal),
            histogram=arguments.histogram(durations, duration_counter),
            sampling=arguments.sampled(every, sample, times, duration_counter),
        )
        self.tz = tz
        self.iterations, self.warmup = times
        if limit != AUTO:
            self.max_value = limit
        self._duration_counter = self._bench_config.counter  # read by bench.time(), in C
        self._off = arguments.is_switched_off()

    def add_fields(self, /, **fields: Any) -> None:
        """Add static fields to records that begin after this call, and to that at exit.

        Args:
            **fields: values by name; names of constructor parameters are allowed.

        Raises:
            ValueError: `mb` or `call` is no dict.
        """
        self._bench_config.add_fields(arguments.fields(fields))
        if exits.registry is not None:
            exits.registry.refresh(self)

    def explain_path(self, func: Callable[..., Any] | None = None) -> list[str]:
        """Return what keeps C from writing records alone, and what to change; or nothing.

        Args:
            func: function whose own reasons are included, and, where records of blocks
                have more fields than those of functions, a sentence that says so.
        """
        return first_use.explained(self, func)

    if TYPE_CHECKING:

        @overload
        def __call__(self, func: Decorated, /) -> Decorated: ...
        @overload
        def __call__(
            self, /, *, name: str | None = None, **fields: Any
        ) -> Callable[[Decorated], Decorated]: ...

    def __call__(self, func: Any = UNSET, /, *, name: Any = None, **fields: Any) -> Any:
        """Decorate a function: each call of it becomes a record.

        Works for methods, class and static methods, coroutine functions, generators,
        `functools.partial` and objects. Of generators it is the time inside the body.

        Args:
            func: the function. Left out: a decorator is returned, as by `@bench()`.
            name: `call.name` of the records; None for the name of the function.
            **fields: added to the top level of each record, in their present state; but
                `sync` is what each iteration waits for, as in `time()`.

        Raises:
            TypeError: `func` cannot be called, or `sync` is wrong.
            ValueError: iterations or warmup with a generator function; an unknown `sync`.
        """
        return first_use.decorated(self, func, name, fields)

    def record(
        self, /, name: str | None = None, *, sync: Any = None, **fields: Any
    ) -> Block | Unrecorded:
        """Return a context manager for `with`: its block becomes one record.

        It can be entered again once left. Its `annotate(**fields)` adds fields to it.

        Args:
            name: `call.name` of the record; None means `<record>`.
            sync: what to wait for before and after, as in `time()`.
            **fields: added to the top level of the record, in their present state.

        Raises:
            TypeError, ValueError: `mb` or `call` is no dict, or `sync` is wrong.
        """
        block = None if self._off else first_use.block_class or first_use.block()
        if block is None:
            return Unrecorded()
        made = block(self, name or '<record>')
        if fields:
            made.fields = first_use.values_of(self, fields)
        return made if sync is None else first_use.synced_block(made, sync)

    def arecord(self, /, name: str | None = None, **fields: Any) -> Block | Unrecorded:
        """Return a context manager for `async with`: its block becomes one record.

        Args:
            name: `call.name` of the record; None means `<record>`.
            **fields: as those of `record()`, `sync` included.
        """
        return self.record(name, **fields)

    def annotate(self, /, **fields: Any) -> None:
        """Add fields to the innermost active record; outside any record, do nothing.

        That is the record of a phase made now. Each value is stored at the top level, in
        its present state; a later one replaces it. Recovered records have them, too.

        Args:
            **fields: values by name; `call` and `mb` are merged into the record's.

        Raises:
            ValueError: `mb` or `call` is no dict.
        """
        if not self._off and _core.runs_open():
            first_use.annotate(self, fields)

    def time(self, name: str, *, sync: Any = None) -> _core.Phase:  # type: ignore[empty-body]
        """Time a named part of the active record: `with bench.time('parse'): ...`.

        When the block ends, also by an exception, `{"name": ..., "duration": ...}` is
        appended to `call.timings`, in the unit of the duration counter (seconds by
        default). The innermost active record of the context gets it, whichever bench it
        belongs to. In a thread that opened none, it is the record of this bench if all
        its open ones were opened by one other thread. Outside any record nothing
        happens and no clock is read. `async with` works as well. `@bench.time('parse')`
        makes a phase of each call of a function, or of each step of a generator.

        Args:
            name: name of the phase.
            sync: waits for an asynchronous device, last before the clock starts and first
                after the block: a callable, `'torch'`, `'cupy'` or `'jax'`.

        Raises:
            TypeError, ValueError: `sync` is none of these.
        """

    def pre_start_triggers(self, bm_data: dict[str, Any]) -> None:
        """Run once for each record, before the code: all `capture_*` hooks."""
        bm_data['_run'].capture()

    def post_finish_triggers(self, bm_data: dict[str, Any]) -> None:
        """Run once for each record, after the code: all `capturepost_*` hooks."""
        bm_data['_run'].capture_post()

    def pre_run_triggers(self, bm_data: dict[str, Any]) -> None:
        """Run before each timed iteration; the clock is read after it."""
        getattr(super(), 'pre_run_triggers', first_use.ignore)(bm_data)

    def post_run_triggers(self, bm_data: dict[str, Any]) -> None:
        """Run after each timed iteration; the clock was read before it."""
        getattr(super(), 'post_run_triggers', first_use.ignore)(bm_data)

    def capture_function_name(self, bm_data: dict[str, Any]) -> None:
        """Set `call.name` of a decorated function, and where it is."""
        if '_func' in bm_data:
            bm_data['call'].setdefault('name', name_of(bm_data['_func']))
            if self._bench_config.plan.places:
                bm_data['call'].update(place_of(bm_data['_func']))

    def to_json(self, obj: Any) -> str:
        """Return a value as JSON, encoded as in records; mask secrets in a record.

        Args:
            obj: any value, or a whole record.

        Raises:
            TypeError, ValueError: the value cannot be encoded.
        """
        text = json_text.encode_strictly(obj, self._bench_config.encoder)
        if is_record(obj):
            text = current_plan(self._bench_config, self).settings.masker.record(text)
        return text.decode('ascii')

    def output_result(self, bm_data: dict[str, Any]) -> None:
        """Encode a finished record once and give it to every sink in order."""
        self._bench_config.delivery.deliver(line_of(self._bench_config, self, bm_data))

    if not TYPE_CHECKING:  # outputs/readable.pyi has the types

        def get_results(self, format='dict', flat=False, shape=None):  # noqa: A002
            """Return the records, from the first sink that can read them back.

            Args:
                format: `'dict'` for a list of dicts, `'df'` for a DataFrame of pandas,
                    `'polars'` for one of Polars, `'arrow'` for a Table of PyArrow.
                flat: join the names of nested objects with dots: `call.name`.
                shape: what a row of a tidy frame is: `'runs'`, `'phases'`, `'iterations'`
                    or `'samples'`. Left out: records as they are; for Polars and PyArrow,
                    `'runs'`.

            Returns:
                The records in the order of writing; none if a file does not exist. Lines
                that are not JSON objects are skipped, and counted in one RuntimeWarning.

            Raises:
                RuntimeError: no sink can read records back.
                ValueError: `format` or `shape` is unknown.
                OSError, redis.RedisError: the records cannot be read.
                ImportError: the package of the format is missing.
            """
            return self._bench_config.delivery.get_results(format, flat, shape)

    def flush(self, timeout: float | None = None) -> None:
        """Write the last calls of `every`; have all sinks store what waits in them.

        Args:
            timeout: seconds for all sinks together; None leaves the limit to each.

        Raises:
            OSError: a sink could not, and keeps its records.
        """
        from .core.sampled import write_pending  # start-up time

        write_pending(self)
        self._bench_config.delivery.flush(timeout)

    def summary(self) -> None:
        """Print the figures of all durations in one line: see `summary`."""
        from .results.summary import summary  # start-up time

        summary(self.get_results())


MicroBenchBase.time = _core.time_method(MicroBenchBase)  # type: ignore[method-assign]
MicroBenchBase.record = _core.record_method(MicroBenchBase)  # type: ignore[method-assign]
Hooks.base = dict(vars(MicroBenchBase))  # as it is: tests of users patch it
Plan.surroundings = staticmethod(first_use.surroundings)


class MicroBench(MBPythonInfo, MicroBenchBase):
    """A bench whose records name the Python, the machine and the process.

    For arguments and methods see `MicroBenchBase`. Subclass it with mixins to capture more:

    >>> from microbench import MBHostInfo
    >>> class Bench(MicroBench, MBHostInfo):
    ...     outfile = '/dev/null'
    """

    surroundings = True  # False leaves out what the docs list under "Surroundings"
