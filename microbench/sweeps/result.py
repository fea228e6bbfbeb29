"""What a sweep returns: its points with their values or exceptions, and its records."""

from __future__ import annotations

from itertools import islice

from ..encoding.json_text import encode
from ..results import units
from ..results.fields import part
from ..results.formats import shaped
from ..results.reading import Lines
from .grid import brief
from .keeping import is_of_sweep
from .sharing import mark_shared

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from .grid import Listed, Product
    from .keeping import Keeper

NAMED = 5  # failed points in the text of a result


class SweptPoint:
    """One call.

    Attributes:
        index: number of the point in the grid.
        repeat: which of the calls at this point it is, from 0.
        point: the arguments.
        value: what the function has returned; None if it raised.
        exception: what it raised, or why there is no value; None if all went well.
        traceback: its text, of the worker.
        is_earlier: True if the call belongs to a sweep before, whose value is not known.
    """

    __slots__ = (
        'exception',
        'index',
        'is_earlier',
        'point',
        'repeat',
        'traceback',
        'value',
    )

    def __init__(self, index: int, repeat: int, point: dict[str, Any]) -> None:
        self.index, self.repeat, self.point = index, repeat, point
        self.value: Any = None
        self.exception: BaseException | None = None
        self.traceback = ''
        self.is_earlier = False

    def __repr__(self) -> str:
        words = ', '.join(f'{name}={brief(value)}' for name, value in self.point.items())
        again = f', repeat {self.repeat}' if self.repeat else ''
        if self.exception is not None:
            end = f'{type(self.exception).__name__}: {self.exception}'
        else:
            end = 'done before' if self.is_earlier else brief(self.value)
        return f'<point {self.index}{again} ({words}): {end}>'


class SweepResult:
    """What became of a sweep: iterate over it, or read its records.

    Args:
        sweep: id of the sweep.
        name: `call.name` of its records.
        grid: its points.
        repeats: how often each was called.
        keeper: has its records.
        earlier: ids of records from sweeps before, by the number of the call.

    Attributes:
        id: `sweep.id` of its records.
        name: `call.name` of its records.
        earlier: ids of records from sweeps before, by the number of the call.
        seconds: how long it took.
    """

    def __init__(
        self,
        sweep: str,
        name: str,
        grid: Product | Listed,
        repeats: int,
        keeper: Keeper,
        earlier: dict[int, str],
    ) -> None:
        self.id = sweep
        self.seconds = 0.0
        self.name, self._grid, self._repeats = name, grid, repeats
        self._keeper = keeper
        self.earlier = earlier
        self._values: dict[int, Any] = {}
        self._errors: dict[int, tuple[BaseException, str]] = {}

    def add(self, number: int, value: Any) -> None:
        """Note the value of a call."""
        if value is not None:
            self._values[number] = value

    def add_error(self, number: int, error: BaseException, traceback: str) -> None:
        """Note that a call has failed."""
        self._errors[number] = error, traceback

    def __len__(self) -> int:
        return len(self._grid) * self._repeats

    def __iter__(self) -> Iterator[SweptPoint]:
        return (self[place] for place in range(len(self)))

    def __getitem__(self, place: int) -> SweptPoint:
        """Return a call: those of a point follow one another."""
        if not -len(self) <= place < len(self):
            raise IndexError(f'the sweep has {len(self)} calls, not one of number {place}')
        index, repeat = divmod(place % len(self), self._repeats)
        return self._of(index, repeat)

    def _of(self, index: int, repeat: int) -> SweptPoint:
        number = repeat * len(self._grid) + index
        found = SweptPoint(index, repeat, self._grid[index])
        found.value = self._values.get(number)
        found.exception, found.traceback = self._errors.get(number, (None, ''))
        found.is_earlier = number in self.earlier
        return found

    @property
    def failed(self) -> list[SweptPoint]:
        """The calls that have failed."""
        calls = (divmod(number, len(self._grid)) for number in self._errors)
        return [
            self._of(index, repeat) for index, repeat in sorted((i, r) for r, i in calls)
        ]

    @property
    def records(self) -> list[dict[str, Any]]:
        """The records of the sweep, and of what it found done before; by repeat and point.

        `sweep.shared_node` of each says how many others had its node at the same time.
        """
        ids = set(self.earlier.values())
        found = [
            record
            for record in self._keeper.records()
            if is_of_sweep(record)
            if part(record, 'sweep', 'id') == self.id
            or part(record, 'mb', 'record_id') in ids
        ]
        mark_shared(found)
        return sorted(found, key=_order)

    def results(
        self,
        format: str = 'dict',  # noqa: A002
        flat: bool = False,
        shape: str | None = None,
    ) -> Any:
        """Return the records in a shape, as `get_results` of a bench does.

        Args:
            format: `'dict'`, `'df'`, `'polars'` or `'arrow'`.
            flat: join the names of nested objects with dots.
            shape: `'runs'`, `'phases'`, `'iterations'` or `'samples'`.

        Returns:
            A list of dicts, or a frame.

        Raises:
            ValueError: `format` or `shape` is unknown.
            ImportError: the package of the format is missing.
        """
        lines = Lines(encode(record) + b'\n' for record in self.records)
        return shaped(lines, format, flat, shape)

    def __repr__(self) -> str:
        calls, failed = len(self), len(self._errors)
        counts = f'{len(self._grid)} points'
        if self._repeats > 1:
            counts += f' × {self._repeats} repeats'
        parts = [counts, f'{calls - failed - len(self.earlier)} ok']
        if self.earlier:
            parts.append(f'{len(self.earlier)} done before')
        if failed:
            parts.append(f'{failed} failed')
        head = f'<sweep of {self.name}: {", ".join(parts)}, {units.duration(self.seconds)}>'
        named = [f'  {point!r}' for point in islice(self.failed, NAMED)]
        more = [f'  and {failed - NAMED} more in .failed'] if failed > NAMED else []
        return '\n'.join([head, *named, *more])


def _order(record: dict[str, Any]) -> tuple[int, int]:
    fields = record['sweep']
    return fields.get('repeat', 0), fields.get('index', 0)
