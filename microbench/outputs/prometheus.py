"""Totals of durations as a text file, for the textfile collector of node_exporter."""

from __future__ import annotations

import atexit
import os
from contextlib import suppress
from time import monotonic
from weakref import WeakSet

from ..lock import Lock
from .base import SEND_AT_END, Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

BUCKETS = (0.001, 0.01, 0.1, 0.5, 1.0, 5.0, 10.0, 60.0, 600.0, 3600.0)  # seconds
MOST_NAMES = 1000  # series by name; what comes later is counted under OTHER
OTHER = '<other>'
RUN, PHASE = 'microbench_duration_seconds', 'microbench_phase_duration_seconds'
HELP = {
    RUN: 'Durations of functions, blocks and processes.',
    PHASE: 'Durations of their phases.',
}

_open: WeakSet[Any] = WeakSet()
_registered = False


class PrometheusOutput(Output):
    """Count durations by name, in a text file that node_exporter reads.

    Args:
        path: the file, which ends with `.prom`. The number of the process is put before
            the ending, so that each process has a file of its own.
        every: seconds between two writes, at least.
        buckets: upper bounds of the histograms, in seconds, in ascending order.

    Raises:
        ValueError: `path`, `every` or `buckets` is wrong.

    For each name the file has a histogram (`_bucket`, `_count` and `_sum`), the longest
    duration (`_max`), and how many records have an exception; for each phase the same. It
    is replaced, never changed: a reader never sees half of it. It is written by the first
    record after the time, by `flush()`, and at the end of the process. Durations have to be
    in seconds, as they are by default. Records themselves are not kept.

    >>> PrometheusOutput('/var/lib/node_exporter/jobs.prom', every=60)
    PrometheusOutput('/var/lib/node_exporter/jobs.prom')
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        every: float = 15.0,
        buckets: Iterable[float] = BUCKETS,
    ) -> None:
        self.path = os.path.abspath(os.fspath(path))
        if not self.path.endswith('.prom'):
            raise ValueError(f'path has to end with .prom, not {path!r}')
        if not every >= 0:
            raise ValueError(f'every has to be a number of seconds, not {every!r}')
        self.every = every
        self.buckets = tuple(map(float, buckets))
        if not self.buckets or sorted({*self.buckets}) != [*self.buckets]:
            raise ValueError('buckets have to be numbers in ascending order')
        self._lock = Lock()
        self._forget()

    def _forget(self) -> None:
        self._pid = os.getpid()
        self._series: dict[tuple[str, ...], Series] = {}
        self._is_written = True
        self._next = 0.0

    def __repr__(self) -> str:
        return f'PrometheusOutput({self.path!r})'

    def __getstate__(self) -> dict[str, Any]:
        return {'path': self.path, 'every': self.every, 'buckets': self.buckets}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = Lock()
        self._forget()

    @property
    def own_path(self) -> str:
        """The file of this process."""
        return f'{self.path[: -len(".prom")]}-{os.getpid()}.prom'

    def look_ahead(self) -> None:
        """Raise OSError if the folder of the file does not exist.

        Raises:
            FileNotFoundError: it does not.
        """
        os.stat(os.path.dirname(self.path))

    def write_record(self, record: bytes, timeout: float | None = None) -> None:
        """Count one record; write the file if it is time.

        Args:
            record: one line of JSON in ASCII, without its newline.
            timeout: ignored.

        Raises:
            OSError: the file could not be written; the record is counted.
            ValueError: the record is not a JSON object.
        """
        from ..results.reading import decode_line  # start-up time

        decoded = decode_line(record)
        if decoded is None:
            raise ValueError('the record is not a JSON object')
        with self._lock.held:
            if self._pid != os.getpid():
                self._forget()  # what was counted belongs to the parent
            self._count(decoded)
            self._is_written = False
        _register(self)
        if monotonic() >= self._next:
            self.flush()

    def _count(self, record: dict[str, Any]) -> None:
        call = record.get('call')
        call = call if isinstance(call, dict) else {}
        series = self._of(RUN, str(call.get('name')))
        series.failures += 'exception' in record
        for duration in _list(call.get('durations')):
            series.add(duration)
        for timing in _list(call.get('timings')):
            if isinstance(timing, dict):
                phase = self._of(PHASE, str(call.get('name')), str(timing.get('name')))
                phase.add(timing.get('duration'))

    def _of(self, metric: str, *names: str) -> Series:
        key = metric, *names
        if key not in self._series and len(self._series) >= MOST_NAMES:
            key = metric, *[OTHER for _ in names]
        return self._series.setdefault(key, Series(self.buckets))

    def flush(self, timeout: float | None = None) -> None:
        """Write the file, if anything was counted since the last time.

        Args:
            timeout: ignored.

        Raises:
            OSError: it could not be written.
        """
        with self._lock.held:
            if self._is_written or self._pid != os.getpid():
                return
            self._next = monotonic() + self.every
            replace(self.own_path, exposition(self._series, self.buckets))
            self._is_written = True

    def close(self) -> None:
        """Write the file."""
        self.flush()


class Series:
    """The durations of one name."""

    def __init__(self, buckets: tuple[float, ...]) -> None:
        self._bounds = buckets
        self.counts = [0] * len(buckets)
        self.count = self.failures = 0
        self.sum = self.max = 0.0

    def add(self, duration: Any) -> None:
        """Count one duration; anything that is not a number is left out."""
        if isinstance(duration, bool) or not isinstance(duration, (int, float)):
            return
        self.count += 1
        self.sum += duration
        self.max = max(self.max, duration)
        for place, bound in enumerate(self._bounds):
            if duration <= bound:
                self.counts[place] += 1


def exposition(series: dict[tuple[str, ...], Series], buckets: tuple[float, ...]) -> str:
    """Return all series in the text format of Prometheus."""
    lines: list[str] = []
    pid = str(os.getpid())
    for metric in (RUN, PHASE):
        own = [
            (labels(key, pid), one)
            for key, one in sorted(series.items())
            if key[0] == metric
        ]
        lines += _head(metric, 'histogram', HELP[metric])
        for text, one in own:
            lines += _histogram(metric, text, one, buckets)
        lines += _head(f'{metric}_max', 'gauge', 'The longest of these durations.')
        lines += [f'{metric}_max{{{text}}} {one.max!r}' for text, one in own]
    lines += _head('microbench_exceptions_total', 'counter', 'Records with an exception.')
    for key, one in sorted(series.items()):
        if key[0] == RUN:
            lines.append(
                f'microbench_exceptions_total{{{labels(key, pid)}}} {one.failures}'
            )
    return '\n'.join(lines) + '\n'


def _head(metric: str, kind: str, text: str) -> list[str]:
    return [f'# HELP {metric} {text}', f'# TYPE {metric} {kind}']


def _histogram(
    metric: str, text: str, series: Series, buckets: tuple[float, ...]
) -> list[str]:
    lines = [
        f'{metric}_bucket{{{text},le="{bound!r}"}} {count}'
        for bound, count in zip(buckets, series.counts, strict=True)
    ]
    return [
        *lines,
        f'{metric}_bucket{{{text},le="+Inf"}} {series.count}',
        f'{metric}_sum{{{text}}} {series.sum!r}',
        f'{metric}_count{{{text}}} {series.count}',
    ]


def labels(key: tuple[str, ...], pid: str) -> str:
    r"""Return the labels of a series, escaped.

    >>> print(labels(('', 'a "name"'), '7'))
    name="a \"name\"",pid="7"
    """
    names = zip(('name', 'phase'), key[1:], strict=False)
    return ','.join(f'{name}="{escaped(value)}"' for name, value in [*names, ('pid', pid)])


def escaped(value: str) -> str:
    """Return the value of a label as the text format has it."""
    return value.replace('\\', r'\\').replace('"', r'\"').replace('\n', r'\n')


def replace(path: str, text: str) -> None:
    """Replace a file at once; the new one has the rights of any new file."""
    new = f'{path}.{os.getpid()}.new'
    try:
        with open(new, 'w', encoding='utf-8', errors='backslashreplace') as file:
            file.write(text)
        os.replace(new, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(new)
        raise


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _register(output: PrometheusOutput) -> None:
    global _registered  # noqa: PLW0603 - once for the process
    _open.add(output)
    if not _registered:
        _registered = True
        SEND_AT_END.append(_write_all)
        atexit.register(_write_all, 0.0)


def _write_all(_: float) -> None:
    for output in list(_open):
        with suppress(OSError):
            output.flush()
