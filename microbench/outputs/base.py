"""The protocol of a sink, and what sinks share."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    WriteRecord = TypeVar('WriteRecord', bound=Callable[..., None])


def beside(write: Callable[..., None]) -> Callable[[WriteRecord], WriteRecord]:
    """Mark a `write_record` whose class has a `write` that does the same with a str."""

    def mark(write_record: WriteRecord) -> WriteRecord:
        write_record.beside = write  # type: ignore[attr-defined]
        return write_record

    return mark


class Output:
    """Base class of sinks.

    A sink overrides `write_record`, which takes bytes; or `write`, which takes a str,
    as sinks for microbench 2.1.0 do. It may raise: the bench sees to it that neither
    the program nor the other sinks suffer.

    >>> class Printed(Output):
    ...     def write_record(self, record, timeout=None):
    ...         print(record.decode())

    A sink that needs a network says so with `local = False`: then it gets its turn after
    those that do not.
    """

    local = True

    def write_record(self, record: bytes, timeout: float | None = None) -> None:
        """Store one record: a line of JSON, ASCII, without its newline.

        Args:
            record: the line.
            timeout: seconds it may take; None leaves it to the sink.
        """
        self.write(record.decode('ascii'))

    def write(self, bm_json_str: str) -> None:
        """Store one record, given as a str without its newline."""
        raise NotImplementedError(f'{type(self).__name__} does not define write()')

    def look_ahead(self) -> None:
        """Raise OSError if no record could be stored as things are.

        Asked before the first record, so that the user is warned before hours of work.
        It changes nothing, opens nothing and takes no time.
        """

    def flush(self, timeout: float | None = None) -> None:
        """Wait, `timeout` seconds at most, until what was written is stored."""

    def close(self) -> None:
        """Let go of files and connections; the next record opens them again."""

    def get_results(self, format: str = 'dict', flat: bool = False) -> Any:  # noqa: A002
        """Return the stored records; NotImplementedError if the sink cannot read."""
        raise NotImplementedError(f'{type(self).__name__} cannot read records back')


def writer_of(sink: Any) -> Callable[..., None]:
    """Return the method that takes the bytes of a record, and a timeout if there is one.

    That is `write_record`, unless the sink has none, or a `write` nearer to its class than
    that: then it was written for 2.1.0 and gets a str. So does one whose `write` was
    replaced, as tests do that patch `FileOutput.write`.
    """
    if 'write' not in getattr(sink, '__dict__', ()):
        for cls in type(sink).__mro__:
            names = vars(cls)
            if 'write_record' in names:
                write = names.get('write')
                if getattr(names['write_record'], 'beside', write) is not write:
                    break
                method: Callable[..., None] = sink.write_record
                return method
            if 'write' in names:
                break
    return lambda record, timeout=None: sink.write(record.decode('ascii'))  # noqa: ARG005
