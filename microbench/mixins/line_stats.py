"""Convert line statistics: plain values, or the text that microbench 2 wrote."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Where versions of line_profiler keep, or kept, their statistics.
MODULES = ('line_profiler.line_profiler', 'line_profiler._line_profiler', '_line_profiler')


class LineStats:
    """Line statistics read from a record.

    Attributes:
        timings: (file, first line, function) to a list of (line, hits, time).
        unit: seconds in one unit of those times.
    """

    timings: dict[tuple[str, int, str], list[tuple[int, int, int]]]
    unit: float


def plain(stats: Any) -> list[dict[str, Any]]:
    """Return the statistics as plain JSON values, in the order of the lines."""
    return [
        {
            'file': file,
            'function': function,
            'line': line,
            'hits': hits,
            'time': time * stats.unit,
        }
        for (file, _, function), lines in stats.timings.items()
        for line, hits, time in lines
    ]


def encoded(stats: Any) -> str:
    """Return the statistics as microbench 2 wrote them: a pickle in base64."""
    import base64
    import pickle

    return base64.b64encode(pickle.dumps(stats, protocol=4)).decode('ascii')


def decoded(text: str) -> LineStats:
    """Return the statistics in such a text, without executing anything that it names."""
    import base64

    try:
        return _checked(_unpickled(base64.b64decode(text)))
    except Exception as error:
        message = f'this is not a line profile of MBLineProfiler: {error}'
        raise ValueError(message) from error


def _unpickled(data: bytes) -> Any:
    import io
    import pickle

    class Unpickler(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> Any:
            if name == 'LineStats' and module in MODULES:
                return LineStats
            raise pickle.UnpicklingError(f'{module}.{name} is refused')

    return Unpickler(io.BytesIO(data)).load()


def _checked(stats: Any) -> LineStats:
    """Return new statistics that consist of checked numbers and names only."""
    if type(stats) is not LineStats:
        raise TypeError(f'it contains {type(stats).__name__}')
    checked = LineStats()
    checked.unit = float(stats.unit)
    checked.timings = {
        (str(file), int(first), str(function)): [
            (int(line), int(hits), int(time)) for line, hits, time in lines
        ]
        for (file, first, function), lines in stats.timings.items()
    }
    return checked
