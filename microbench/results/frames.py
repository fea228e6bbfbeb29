"""Build a pandas DataFrame that keeps the values of the records unchanged.

If a record lacks a value, pandas turns integers into floats and booleans into objects.
So such columns get a nullable type: `Int64`, `UInt64`, `boolean`.
"""

from __future__ import annotations

from math import nan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

FEW = 20  # columns
EXACT = 1 << 53  # floats represent each integer up to this one
# Raised for values that need a column of objects: a lone surrogate; in pandas 2, an integer
# beyond the largest float.
UNFIT = (UnicodeEncodeError, OverflowError)
SIGNED, UNSIGNED = 'Int64', 'UInt64'


def frame_of(records: list[dict[str, Any]]) -> Any:
    """Return records as a DataFrame, one row each.

    Raises:
        ImportError: pandas cannot be imported.
    """
    pd = _pandas()
    frame = _as_pandas_has_it(pd, records)
    changed = dict(_changed(pd, frame, records))
    if not changed:
        return frame
    if len(changed) <= FEW:
        for name, column in changed.items():
            frame[name] = column
        return frame
    # Replacing many columns one by one is slow, and fragments the frame.
    columns = [changed.get(name, frame[name]) for name in frame.columns]
    return _of_columns(pd, frame.columns, columns)


def _of_columns(pd: Any, names: Any, columns: list[Any]) -> Any:
    frame = pd.DataFrame(dict(enumerate(columns)))
    frame.columns = names
    return frame


def _pandas() -> Any:
    try:
        import pandas as pd
    except ModuleNotFoundError:
        raise ImportError("format='df' needs pandas: pip install pandas") from None
    except ImportError as error:
        raise ImportError(f"format='df' needs pandas: {error}") from error
    return pd


def _as_pandas_has_it(pd: Any, records: list[dict[str, Any]]) -> Any:
    try:
        return pd.DataFrame(records)
    except UNFIT:
        names = list(dict.fromkeys(name for record in records for name in record))
        columns = [_inferred(_objects(pd, name, records)) for name in names]
        return _of_columns(pd, pd.Index(names, dtype=object), columns)


def _objects(pd: Any, name: str, records: list[dict[str, Any]]) -> Any:
    found = (record.get(name) for record in records)
    return pd.Series([nan if value is None else value for value in found], dtype=object)


def _inferred(column: Any) -> Any:
    try:
        return column.infer_objects()
    except UNFIT:
        return column


def _changed(
    pd: Any, frame: Any, records: list[dict[str, Any]]
) -> Iterator[tuple[str, Any]]:
    """Yield name and replacement of each column whose type must change."""
    for name in frame.columns:
        column = frame[name]
        if column.dtype.kind == 'f' and _may_be_integers(column):
            exact = _exact(pd, column, [record.get(name) for record in records])
            if exact is not None:
                yield name, exact
        elif column.dtype.kind == 'O' and _are_truth_values(pd, column):
            yield name, column.astype('boolean')


def _are_truth_values(pd: Any, column: Any) -> bool:
    first = column.iat[0]  # decides most columns quickly
    if type(first) in (list, dict, str, int):
        return False
    return bool(pd.api.types.infer_dtype(column, skipna=True) == 'boolean')


def _may_be_integers(column: Any) -> bool:
    """Return True if floats may have been integers that pandas has converted."""
    known = column.dropna()
    if (known.abs() >= EXACT).any():
        return True
    return 0 < len(known) < len(column) and bool((known % 1 == 0).all())


def _exact(pd: Any, column: Any, values: list[Any]) -> Any:
    """Return a column of exact integers; None if floats represent all values.

    Args:
        pd: the module pandas.
        column: column of floats that pandas has made.
        values: values of the records.
    """
    kinds = set(map(type, values)) - {type(None)}
    if float in kinds and int in kinds:
        # 2.1.0 wrote NaN, which does not equal itself, for a missing value.
        values = [value if value == value else None for value in values]
        kinds = set(map(type, values)) - {type(None)}
    if kinds == {int}:
        is_exact = column.abs().max() < EXACT  # converting the floats is quicker
        return column.astype(SIGNED) if is_exact else _integers(pd, values)
    if int in kinds and any(v is not None and float(v) != v for v in values):
        return pd.Series(values, dtype=object)
    return None


def _integers(pd: Any, values: list[int | None]) -> Any:
    known = [value for value in values if value is not None]
    least, most = min(known), max(known)
    if least >= -(1 << 63) and most < 1 << 63:
        return pd.array(values, dtype=SIGNED)
    if least >= 0 and most < 1 << 64:
        return pd.array(values, dtype=UNSIGNED)
    return pd.Series(values, dtype=object)
