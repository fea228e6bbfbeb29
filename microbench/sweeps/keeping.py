"""Write the records that come back from workers, each once, and read them again."""

from __future__ import annotations

import os

from ..outputs.delivery import Delivery
from ..outputs.file import FileOutput, is_path
from ..reader import read
from ..results.fields import part
from ..results.reading import Lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    Record = dict[str, Any]


class Keeper:
    """Where the records of a sweep go.

    Args:
        output: a path, a sink, or None for memory.

    Attributes:
        path: of the output; None if it is not one.

    Raises:
        TypeError: it is none of these.
    """

    def __init__(self, output: Any) -> None:
        self.sink = sink_of(output)
        self.path = path_of(self.sink)
        self._lines: list[bytes] | None = None if self.path is not None else []
        self._delivery = Delivery([] if self.sink is None else [self.sink], 'warn')
        self._delivery.look_ahead()

    def keep(self, record: str) -> None:
        """Write a record."""
        line = record.encode('ascii')
        if self._lines is not None:
            self._lines.append(line)
        if self.sink is not None:
            self._delivery.deliver(line)

    def flush(self) -> None:
        """Write what waits in a batch."""
        self._delivery.write_batches()

    def records(self) -> Iterator[Record]:
        """Yield the records of the output; without a path, those that were kept."""
        if self.path is None:
            lines = self._lines or []
            return iter(Lines(line + b'\n' for line in lines))
        return in_files(self.path)


def sink_of(output: Any) -> Any:
    """Return a sink for an output; None for memory.

    Raises:
        TypeError: it is neither a path nor a sink.
    """
    if output is None:
        return None
    if is_path(output):
        return FileOutput(output)
    if isinstance(output, type) or not callable(getattr(output, 'write', None)):
        raise TypeError(f'output has to be a path or a sink, not {output!r}')
    return output


def path_of(sink: Any) -> Any:
    """Return the path of a file of records; None for another sink."""
    outfile: Any = getattr(sink, 'outfile', None)
    return os.path.abspath(outfile) if is_path(outfile) else None


def in_files(path: Any) -> Iterator[Record]:
    """Yield the records at a path; none if there is nothing."""
    try:
        found: Iterable[Record] = read(path)
    except FileNotFoundError:
        found = ()
    yield from found


def is_of_sweep(record: Record) -> bool:
    """Return whether a record is one of a sweep."""
    return isinstance(part(record, 'sweep', 'point'), dict)
