"""The protocol of a sink, and its base class."""

from __future__ import annotations

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from .readable import Readable as Readable  # noqa: PLC0414 - exported

    WriteRecord = TypeVar('WriteRecord', bound=Callable[..., None])

# Functions that send or keep what waits in this process, in so many seconds.
SEND_AT_END: list[Callable[[float], None]] = []


def send_what_waits(seconds: float) -> None:
    """Send what waits for a thread: the process ends without functions of atexit."""
    for function in SEND_AT_END:
        function(seconds)


def beside(write: Callable[..., None]) -> Callable[[WriteRecord], WriteRecord]:
    """Mark a `write_record` that is equivalent to this `write` of its class."""

    def mark(write_record: WriteRecord) -> WriteRecord:
        write_record.beside = write  # type: ignore[attr-defined]
        return write_record

    return mark


class Output:
    """Base class of sinks.

    A subclass overrides `write_record`, which takes bytes, or `write`, which takes a str
    as in microbench 2.1.0. Both may raise: the bench warns, and neither the program nor
    the other sinks are affected.

    Attributes:
        local: False for a sink that needs a network; it is called after the local ones.

    >>> from microbench import MicroBench
    >>> class Printed(Output):
    ...     def write_record(self, record, timeout=None):
    ...         print(type(record).__name__, len(record) > 0)
    >>> bench = MicroBench(outputs=[Printed()])
    >>> with bench.record('fit'):
    ...     pass
    bytes True
    """

    local = True

    def write_record(self, record: bytes, timeout: float | None = None) -> None:
        """Store one record.

        Args:
            record: one line of JSON in ASCII, without its newline.
            timeout: seconds that this may take; None leaves the limit to the sink.

        Raises:
            NotImplementedError: the subclass defines neither this method nor `write`.
        """
        self.write(record.decode('ascii'))

    def write(self, bm_json_str: str) -> None:
        """Store one record.

        Args:
            bm_json_str: one line of JSON, without its newline.

        Raises:
            NotImplementedError: the subclass does not define this method.
        """
        raise NotImplementedError(f'{type(self).__name__} does not define write()')

    def look_ahead(self) -> None:
        """Raise OSError if a record could not be stored at present.

        The bench calls this before the first record, so that a warning appears before
        hours of work. An override should be quick, and change and open nothing.
        """

    def flush(self, timeout: float | None = None) -> None:
        """Wait until all written records are stored.

        Args:
            timeout: seconds to wait at most; None leaves the limit to the sink.
        """

    def close(self) -> None:
        """Close files and connections; the next record opens them again."""

    def get_results(self, format: str = 'dict', flat: bool = False) -> Any:  # noqa: A002
        """Return the stored records.

        Args:
            format: `'dict'` for a list of dicts, `'df'` for a pandas DataFrame.
            flat: join the names of nested objects with dots.

        Returns:
            The records in the order of writing.

        Raises:
            NotImplementedError: the sink cannot read records.
        """
        raise NotImplementedError(f'{type(self).__name__} cannot read records back')


if not TYPE_CHECKING:  # readable.pyi has the types

    class Readable:
        """A sink with records to read: a subclass returns their lines in `_lines`."""

        def get_results(self, format='dict', flat=False, shape=None):  # noqa: A002
            """Return the records.

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
                NotImplementedError: the sink cannot read records.
                ValueError: `format` or `shape` is unknown.
                OSError, redis.RedisError: the records cannot be read.
                ImportError: the package of the format is missing.
            """
            from ..results.formats import shaped  # start-up time

            return shaped(self._lines(), format, flat, shape)


class NativeOutput(Output):
    """A sink of microbench that C can write to, as long as its methods are its own."""

    _methods: dict[str, Any]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._methods = {name: vars(cls)[name] for name in METHODS if name in vars(cls)}

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name in WATCHED:
            _core.note_change()

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        if name in WATCHED:
            _core.note_change()

    def _needs_python(self) -> str:
        """Return why C cannot write to this sink, and what to change; empty if it can."""
        return ''

    @property
    def _syncs(self) -> bool:
        """True if C has to wait for the disk after each record."""
        return False

    def _target(self) -> Any:
        """Return what a Recorder takes for this sink; False until it is open."""
        return False


METHODS = frozenset(['write', 'write_record', '_write_to_object', '_open_appender'])
# Attributes that decide how a record is written.
WATCHED = METHODS | {
    '__class__',
    '__dict__',
    '_appender',
    '_batch',
    'batch',
    'durability',
    'outfile',
}


class NullOutput(NativeOutput):
    """Discard each record: to measure what recording costs without storing.

    >>> NullOutput().write('{}')
    """

    def __repr__(self) -> str:
        return 'NullOutput()'

    def write_record(self, record: bytes, timeout: float | None = None) -> None:
        """Do nothing.

        Args:
            record: one line of JSON.
            timeout: ignored.
        """

    def write(self, bm_json_str: str) -> None:
        """Do nothing.

        Args:
            bm_json_str: one line of JSON.
        """

    write_record.beside = write  # type: ignore[attr-defined]

    def _target(self) -> Any:
        return None


def writer_of(sink: Any) -> Callable[..., None]:
    """Return the function that stores a record, called with bytes and a timeout.

    It is `write_record`, except for sinks that were written for 2.1.0: those without a
    `write_record`, and those whose class overrides `write` only. A `write` that a test has
    patched into the class or object is also called.
    """
    if 'write' not in getattr(sink, '__dict__', ()) and takes_bytes(type(sink)):
        return sink.write_record  # type: ignore[no-any-return]
    return text_writer(sink)


def takes_bytes(cls: type) -> bool:
    """Return True if records of a class of sinks go to `write_record`, not to `write`."""
    for base in cls.__mro__:
        names = vars(base)
        if 'write_record' in names:
            write = names.get('write')
            return getattr(names['write_record'], 'beside', write) is write
        if 'write' in names:
            return False
    return False


def text_writer(sink: Any) -> Callable[..., None]:
    """Return a function that gives a record to the `write` of a sink."""
    return lambda record, timeout=None: sink.write(record.decode('ascii'))  # noqa: ARG005
