"""Tidy frames of pandas, Polars and PyArrow, each with the same columns and types."""

from __future__ import annotations

from ..messages import warn
from . import tidy
from .cells import Cells
from .columns import in_utc
from .quick import OWN, Quick, prepare
from .reading import Lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from .columns import Column

FRAMES = ('df', 'polars', 'arrow')
PACKAGES = {'df': 'pandas', 'polars': 'polars', 'arrow': 'pyarrow'}


def table(records: Iterable[dict[str, Any]], format: str, shape: str) -> Any:  # noqa: A002
    """Return a tidy frame, or for `'dict'` a list of rows.

    Raises:
        ValueError: `shape` is unknown.
        ImportError: the package of the format is missing.
    """
    if shape not in tidy.OF_SHAPE:
        known = ', '.join(map(repr, tidy.OF_SHAPE))
        raise ValueError(f'shape has to be one of {known}, not {shape!r}')
    package = None if format == 'dict' else imported(format)
    return MAKE[format](package, _columns(records, shape))


def _columns(records: Iterable[dict[str, Any]], shape: str) -> dict[str, Column]:
    rows, cells = tidy.Rows(shape), Cells(shape)
    if isinstance(records, Lines) and shape in OWN:
        quick = Quick(shape, rows, cells)
        prepare(records, [quick])
        for record in records:
            quick.add(record)
        quick.finish()
    else:
        for number, record in enumerate(records):
            cells.write(rows.of_one(number, record))
    found = cells.finish()
    warn_about(list(cells.unclear), rows)
    return found


def warn_about(unclear: list[str], rows: tidy.Rows) -> None:
    """Warn of what the columns of rows lack or mix.

    Args:
        unclear: names of columns that lack times.
        rows: what has made the rows.
    """
    if unclear:
        what = ' and '.join(unclear)
        warn(f'{what}: times without a time zone are left out', RuntimeWarning)
    pooled = rows.pooled()
    if pooled:
        warn(f'durations in different units are in one column: {pooled}', RuntimeWarning)


def imported(format: str) -> Any:  # noqa: A002
    """Return the package that makes a kind of frame.

    Raises:
        ImportError: it cannot be imported.
    """
    from importlib import import_module  # start-up time

    name = PACKAGES[format]
    try:
        return import_module(name)
    except ModuleNotFoundError:
        why = f'pip install {name}'
    except ImportError as error:
        raise ImportError(f'format={format!r} needs {name}: {error}') from error
    raise ImportError(f'format={format!r} needs {name}: {why}') from None


def _rows(_package: None, found: dict[str, Column]) -> list[dict[str, Any]]:
    names = list(found)
    lists = [
        list(map(in_utc, column.values)) if column.kind == 'time' else column.values
        for column in found.values()
    ]
    return [dict(zip(names, values, strict=True)) for values in zip(*lists, strict=True)]


# --- pandas -------------------------------------------------------------------------------

GAP = -(1 << 63)  # among times of NumPy
OF_PANDAS = {
    'integer': 'Int64',
    'unsigned': 'UInt64',
    'number': 'float64',
    'boolean': 'boolean',
    'count': 'int64',
    'flag': 'bool',
}


def _pandas(pd: Any, found: dict[str, Column]) -> Any:
    text = pd.Series(['']).dtype  # in pandas 2, object
    series = [_series(pd, column, text) for column in found.values()]
    frame = pd.DataFrame(dict(enumerate(series)))
    frame.columns = pd.Index(list(found), dtype=text)
    return frame


def _series(pd: Any, column: Column, text: Any) -> Any:
    if column.kind != 'time':
        return pd.Series(column.values, dtype=OF_PANDAS.get(column.kind, text))
    import numpy as np  # pandas has loaded it

    times = [GAP if time is None else time for time in column.values]
    naive = pd.Series(np.array(times, dtype='int64').view('datetime64[us]'))
    return naive.dt.tz_localize('UTC')


# --- Polars and PyArrow -------------------------------------------------------------------


def _polars(pl: Any, found: dict[str, Column]) -> Any:
    types = {
        'integer': pl.Int64,
        'unsigned': pl.UInt64,
        'number': pl.Float64,
        'boolean': pl.Boolean,
        'text': pl.String,
        'time': pl.Datetime('us', 'UTC'),
        'count': pl.Int64,
        'flag': pl.Boolean,
    }
    series = [pl.Series(n, c.values, dtype=types[c.kind]) for n, c in found.items()]
    return pl.DataFrame(series)


def _arrow(pa: Any, found: dict[str, Column]) -> Any:
    types = {
        'integer': pa.int64(),
        'unsigned': pa.uint64(),
        'number': pa.float64(),
        'boolean': pa.bool_(),
        'text': pa.string(),
        'time': pa.timestamp('us', 'UTC'),
        'count': pa.int64(),
        'flag': pa.bool_(),
    }
    arrays = [pa.array(column.values, types[column.kind]) for column in found.values()]
    return pa.table(arrays, names=list(found))


MAKE: dict[str, Callable[[Any, dict[str, Column]], Any]] = {
    'dict': _rows,
    'df': _pandas,
    'polars': _polars,
    'arrow': _arrow,
}
