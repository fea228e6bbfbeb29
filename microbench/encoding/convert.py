"""Convert values that JSON lacks into values that it has, one level at a time.

Classes of optional modules are looked up in `sys.modules`. If the module is not loaded,
no value of its classes exists.
"""

from __future__ import annotations

import sys
from _collections_abc import Mapping
from datetime import date, datetime, time, timedelta, timezone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def convert(value: Any) -> Any:
    """Convert one value that JSON lacks; return the same object if that is impossible.

    The caller converts the items of the result.
    """
    for classes, converted in BUILT_IN:
        if isinstance(value, classes):
            return converted(value)
    for module, name, converted in ELSEWHERE:
        cls = getattr(sys.modules.get(module), name, None)
        if cls is not None and isinstance(value, cls):
            return converted(value)
    if hasattr(type(value), '__dataclass_fields__'):
        return _of_dataclass(value)
    if isinstance(value, Mapping):
        return dict(value)
    kind = type(value)
    return repr(value) if (kind.__module__, kind.__name__) in BY_REPR else value


def _of_set(value: Any) -> list[Any]:
    try:
        return sorted(value)
    except TypeError:
        return list(value)  # members of different types cannot be sorted


def _of_timedelta(value: Any) -> float | None:
    seconds: float = value.total_seconds()
    return None if seconds != seconds else seconds  # NaT


def _of_bytes(value: Any) -> str:
    return bytes(value).decode('utf-8', 'backslashreplace')


def _of_memoryview(value: memoryview) -> Any:
    """Return bytes, or a list if the elements are not bytes or have several axes."""
    return value.tobytes() if value.format == 'B' and value.ndim == 1 else value.tolist()


def _of_complex(value: complex) -> list[float]:
    return [value.real, value.imag]


def _of_dataclass(value: Any) -> dict[str, Any]:
    names = type(value).__dataclass_fields__
    return {name: getattr(value, name) for name in names if hasattr(value, name)}


def _of_numpy_scalar(value: Any) -> Any:
    kind = value.dtype.kind
    if kind in 'mM':
        return _of_numpy_time(value)
    if kind in 'fc':  # item() does not convert those that are wider than Python's
        return float(value) if kind == 'f' else [float(value.real), float(value.imag)]
    return value.item()


def _of_numpy_array(value: Any) -> Any:
    if value.dtype.kind in 'mM':
        return _of_numpy_time(value)
    return value.tolist()  # a masked array gives None for masked values


def _of_numpy_time(value: Any) -> Any:
    """Return ISO 8601 text or seconds; None for NaT."""
    numpy = sys.modules['numpy']
    masked = isinstance(value, getattr(numpy.ma, 'MaskedArray', ()))
    none = numpy.isnat(value) | (value.mask if masked else False)
    plain = numpy.asarray(value)
    if plain.dtype.kind == 'M':
        found = numpy.datetime_as_string(_in_microseconds(plain, numpy)).astype(object)
    else:
        found = _in_seconds(plain, numpy).astype(object)
    return numpy.where(none, None, found).tolist()


def _in_microseconds(times: Any, numpy: Any) -> Any:
    """Return times of day with microseconds; dates, finer and distant times unchanged."""
    if numpy.datetime_data(times.dtype)[0] not in COARSE_UNITS:
        return times
    try:
        finer = times.astype('M8[us]')
    except OverflowError:  # from numpy 2.5 on; older versions return wrong times
        return times
    same = finer.astype(times.dtype).view('i8') == times.view('i8')
    return finer if same.all() else times


def _in_seconds(spans: Any, numpy: Any) -> Any:
    """Return seconds as floats; raise TypeError for years and months."""
    unit, step = numpy.datetime_data(spans.dtype)
    if unit in SECONDS:  # the division below may overflow for these
        return spans.astype('i8') * (step * SECONDS[unit])
    return spans / numpy.timedelta64(1, 's')


def _of_time(value: Any) -> str | None:
    """Return ISO 8601 text with six decimals; with nine for a pandas Timestamp that has ns.

    The number of decimals is fixed because pandas.to_datetime and other readers infer the
    format of a column from its first value.
    """
    if value != value:  # pandas.NaT, which is a datetime
        return None
    if getattr(value, 'nanosecond', 0):
        return str(value.isoformat())
    return str(value.isoformat(timespec='microseconds'))


# Types whose repr() is stored. They are compared by name, because older versions of Python
# lack them, and a template string does not load string.templatelib.
BY_REPR = frozenset(
    [
        ('string.templatelib', 'Template'),
        ('string.templatelib', 'Interpolation'),
        ('builtins', 'sentinel'),
        ('typing_extensions', 'Sentinel'),
        ('typing_extensions', 'sentinel'),
    ]
)
COARSE_UNITS = ('h', 'm', 's', 'ms')  # numpy's units of times coarser than microseconds
SECONDS = {'W': 604_800.0, 'D': 86_400.0, 'h': 3600.0, 'm': 60.0, 's': 1.0}

# Tried in this order, because a datetime is a date as well.
BUILT_IN: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    ((datetime, time), _of_time),
    (date, date.isoformat),
    (timedelta, _of_timedelta),
    (timezone, str),
    ((set, frozenset), _of_set),
    ((bytes, bytearray), _of_bytes),
    (memoryview, _of_memoryview),
    (complex, _of_complex),
)
ELSEWHERE: tuple[tuple[str, str, Callable[[Any], Any]], ...] = (
    ('enum', 'Enum', lambda value: value.value),
    ('uuid', 'UUID', str),
    ('os', 'PathLike', lambda value: value.__fspath__()),
    ('decimal', 'Decimal', str),
    ('zoneinfo', 'ZoneInfo', str),
    ('array', 'array', lambda value: value.tolist()),
    ('collections', 'deque', list),
    ('collections', 'UserList', list),
    ('collections', 'UserString', str),
    ('numpy', 'ndarray', _of_numpy_array),
    ('numpy', 'generic', _of_numpy_scalar),
)
