"""Which points an output has already, from sweeps before.

A point is recognised by its values as records show them, masked ones included. The
function has to have the same name.
"""

from __future__ import annotations

from collections import Counter

from ..encoding.json_text import encode
from ..json_library import loads
from ..outputs.base import NullOutput
from ..results.fields import part
from . import keeping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from .grid import Listed, Product

    Record = dict[str, Any]
    Key = tuple[bytes, int]  # the point, and the number of its repeat


def records_of(resume: Any, output: Any) -> Iterable[Record]:
    """Return the records from sweeps before.

    Args:
        resume: True for those of the output, or a path.
        output: the output.

    Raises:
        ValueError: it cannot be read.
    """
    if resume is not True:
        return keeping.in_files(keeping.path_of(keeping.sink_of(resume)))
    sink = keeping.sink_of(output)
    path = keeping.path_of(sink)
    if path is not None:
        return keeping.in_files(path)
    try:
        return sink.get_results()  # type: ignore[no-any-return]
    except (AttributeError, NotImplementedError):
        raise ValueError(
            'resume=True needs an output that can be read: give its path'
        ) from None


def done_before(
    records: Iterable[Record],
    name: str,
    grid: Product | Listed,
    repeats: int,
    make: Callable[..., Any],
) -> dict[int, str]:
    """Return the numbers of tasks that have a record without a failure, with its id.

    Args:
        records: from sweeps before.
        name: `call.name` of the records.
        grid: the points.
        repeats: how often each is called.
        make: makes the bench, whose settings say what is masked.
    """
    known: dict[Key, list[str]] = {}
    for record in records:
        is_same = keeping.is_of_sweep(record) and part(record, 'call', 'name') == name
        if is_same and 'exception' not in record and 'exit_path' not in record:
            known.setdefault(_key(record['sweep']), []).append(_id_of(record))
    if not known:
        return {}
    bench = make(outputs=[NullOutput()])
    return dict(_matched(known, bench, grid, repeats))


def _matched(
    known: dict[Key, list[str]], bench: Any, grid: Product | Listed, repeats: int
) -> Iterable[tuple[int, str]]:
    """Yield the numbers of the tasks that are known; a record stands for one."""
    used: Counter[Key] = Counter()
    for index in range(len(grid)):
        point = _as_recorded(bench, grid.shown(index))
        for repeat in range(repeats):
            key = _key({'point': point, 'repeat': repeat})
            ids = known.get(key, [])
            if used[key] < len(ids):
                yield repeat * len(grid) + index, ids[used[key]]
                used[key] += 1


def _as_recorded(bench: Any, point: dict[str, Any]) -> Any:
    """Return a point as it is in a record, with secrets masked."""
    text = bench.to_json({'mb': {'run_id': ''}, 'call': {}, 'sweep': {'point': point}})
    return part(loads(text.encode()), 'sweep', 'point')


def _key(fields: dict[str, Any]) -> Key:
    point = fields['point']
    return encode(dict(sorted(point.items()))), fields.get('repeat', 0)


def _id_of(record: Record) -> str:
    return str(part(record, 'mb', 'record_id'))
