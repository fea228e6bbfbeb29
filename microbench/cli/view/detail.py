"""Print all details of one record, the most important first.

The order is: name and outcome; command, host and time; durations and phases; usage of each
run; samples of the monitor; all other fields, a line each.
"""

from __future__ import annotations

from math import inf

from ...messages import safe
from ...results import units
from ...results.fields import is_number, part
from ...results.large_values import in_words, is_summary
from ...results.shapes import flattened
from ..terminal import Cell, Terminal
from ..values import ITEMS, WHOLE, counted, cut, dicts, in_full, in_short, text
from .moments import local
from .record_view import RecordView
from .tables import runs_of, samples_of, times_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    Rows = list[list[str]]

INDENT = '  '
DEEPEST = 50  # levels of objects in which summaries are found
LONGEST = 2000  # characters of a value beside a label
# Objects with more names are counted instead of printed, except for the namespaces OPEN.
NAMES = 16
OPEN = ('mb', 'call', 'host', 'python')

# Schedulers and launchers besides SLURM, and their field with the number of the job.
JOBS = {
    **dict.fromkeys(('pbs', 'lsf', 'cobalt', 'pjm'), 'jobid'),
    **dict.fromkeys(('sge', 'flux', 'htcondor', 'oar', 'aws_batch'), 'job_id'),
    'kubernetes': 'uid',
    'torchrun': 'run_id',
}
# Paths that other sections print, with all paths below them.
COVERED = (
    *('call.name', 'call.durations', 'call.timings', 'call.open_timings', 'exception'),
    *('call.timings_summary', 'call.histogram'),
    *('call.command', 'call.working_dir', 'call.returncode', 'call.start_time'),
    *('call.timed_out', 'call.timed_out_iterations', 'call.capture_errors'),
    *('call.monitor', 'resource_usage', 'mb.version', 'mb.record_id'),
    *('host.hostname', 'host.os', 'host.cpu_cores_logical', 'host.cpu_cores_physical'),
    *('host.ram_total', 'python.version', 'python.executable'),
    *('exit_signal', 'exit_status', 'exit_path', 'slurm.job_id', 'slurm.job_partition'),
    *('recovered.ended_before', 'recovered.parent_died'),
    *('host.cpu_cores_usable', 'host.container', 'process.rank', 'process.ranks'),
    *(f'{field}.{number}' for field, number in JOBS.items()),
    *('slurm.array_task_id', 'slurm.procid', 'git.commit', 'git.branch', 'git.dirty'),
)
# Paths that seldom explain anything; only `full` prints them.
SELDOM = (
    *('mb.run_id', 'mb.schema', 'mb.timezone', 'mb.duration_counter', 'mb.clock'),
    *('call.invocation', 'call.finish_time', 'call.timings_iteration', 'python.prefix'),
    *('python.environment.prefix', 'python.environment.base'),
)

EXIT_PATHS = {
    'native': 'in C, when Python could not',
    'recovered': 'afterwards, from what the process had left behind',
}


def detail(
    record: dict[str, Any], terminal: Terminal, *, full: bool, utc: bool = False
) -> Iterator[str]:
    """Yield the lines with all details of a record.

    Args:
        record: any JSON object.
        terminal: terminal that will print them.
        full: include long lists and objects.
        utc: print times in UTC, not in the local zone.
    """
    view = RecordView(record)
    outcome, well = view.outcome
    name = Cell(view.name or 'a record', 'bold')
    heading = [name, Cell(outcome, 'green' if well else 'red')]
    yield from terminal.table([heading], elastic=[0, 1])
    summary = ((label, value) for label, value in _summary(view, utc) if value)
    labelled = [
        [Cell(label, 'dim'), cut(value, WHOLE if full else LONGEST)]
        for label, value in summary
    ]
    yield from _section('', labelled, terminal, elastic=[1])
    times, narrow = times_of(view, full), (7, 4, 3)  # first drop the bars, then the range
    yield from _section('', times, terminal, slice(1, -1), elastic=[0], optional=narrow)
    runs = runs_of(view, full)
    between = range(len(runs[0]) - 2, 0, -1) if runs else ()
    yield from _section('', runs, terminal, slice(None), optional=between)
    yield from _section('samples', samples_of(view), terminal, slice(1, None), elastic=[0])
    yield from _section('also recorded', _rest(record, full), terminal, elastic=[0, 1])


def _section(
    title: str,
    rows: Rows,
    terminal: Terminal,
    right: slice = slice(0),
    elastic: Iterable[int] = (),
    optional: Iterable[int] = (),
) -> Iterator[str]:
    if not rows:
        return
    yield ''
    numeric = range(len(rows[0]))[right]
    optional = [place for place in optional if place < len(rows[0])]
    if title:
        yield terminal.paint(Cell(title, 'bold'))
    yield from terminal.table(
        rows, right=numeric, elastic=elastic, optional=optional, indent=INDENT
    )


# --- what ran, where and when ------------------------------------------------------------


def _summary(view: RecordView, utc: bool) -> Iterator[tuple[str, str]]:
    record, call = view.record, view.call
    yield from _troubles(view, utc)
    yield 'command', command_line(call.get('command'))
    yield 'directory', text(call.get('working_dir'))
    yield 'started', _when(call.get('start_time'), utc)
    yield 'host', _host(record)
    python = (text(part(record, 'python', f)) for f in ('version', 'executable'))
    yield 'python', _joined(python)
    yield 'slurm', _slurm(record)
    yield 'job', _joined(_other_jobs(record))
    yield 'rank', _rank(record)
    yield 'git', _git(record)
    version, number = (text(part(record, 'mb', f)) for f in ('version', 'record_id'))
    yield 'recorded by', _joined([version and f'microbench {version}', number])


def _troubles(view: RecordView, utc: bool) -> Iterator[tuple[str, str]]:
    record = view.record
    if record.get('exception'):
        kind, message = (text(part(record, 'exception', f)) for f in ('type', 'message'))
        yield 'exception', ': '.join(filter(None, [kind, message])) or 'unknown'
    yield 'ended by', text(record.get('exit_signal'))
    path = text(record.get('exit_path'))
    yield 'written', EXIT_PATHS.get(path, path)
    yield 'parent died', _when(part(record, 'recovered', 'parent_died'), utc)
    if view.is_bound:
        yield 'lasted', _bounds(view, utc)
    if is_number(record.get('exit_status')):
        yield 'exit status', text(record['exit_status'])
    for error in dicts(view.call.get('capture_errors')):
        yield 'not captured', ': '.join(text(error.get(f)) for f in ('method', 'error'))


def _when(stamp: Any, utc: bool) -> str:
    """Return a time with its zone; any other value as text."""
    when = local(stamp, utc)
    return text(stamp if when is None else when.isoformat(' ', 'microseconds'))


def _bounds(view: RecordView, utc: bool) -> str:
    """Return how long a killed process ran, as far as that is known."""
    least = view.seconds(view.stats.total)
    dead = part(view.record, 'recovered', 'ended_before')
    begin, end = local(view.call.get('start_time')), local(dead)
    parts = [f'at least {units.duration(least)}' if least is not None else '']
    if begin is not None and end is not None and end >= begin:
        parts.append(f'at most {units.duration((end - begin).total_seconds())}')
    found = f' (found dead at {_when(dead, utc)})' if end is not None else ''
    return f'{_joined(parts)}{found}'


def command_line(words: Any) -> str:
    """Return a command as it would be typed; other values as text."""
    import shlex

    if not isinstance(words, list):
        return text(words)
    return safe(shlex.join(word if isinstance(word, str) else str(word) for word in words))


def _cores(host: Any) -> str:
    logical, physical = (part(host, f'cpu_cores_{f}') for f in ('logical', 'physical'))
    cores = physical if is_number(physical) else logical
    threads = f' ({text(logical)} threads)' * (is_number(logical) and logical != cores)
    return f'{cores} core{"s" * (cores != 1)}{threads}' if is_number(cores) else ''


def _host(record: dict[str, Any]) -> str:
    host: Any = record.get('host')
    memory, usable = (part(host, f) for f in ('ram_total', 'cpu_cores_usable'))
    container = text(part(host, 'container'))
    return _joined(
        [
            text(part(host, 'hostname')),
            text(part(host, 'os')),
            _cores(host),
            f'{text(usable)} usable' if is_number(usable) else '',
            units.size(memory) if is_number(memory) else '',
            f'in {container}' if container else '',
        ]
    )


def _slurm(record: dict[str, Any]) -> str:
    fields = {
        'job': 'job_id',
        'task': 'array_task_id',
        'rank': 'procid',
        'partition': 'job_partition',
    }
    found = ((label, text(part(record, 'slurm', f))) for label, f in fields.items())
    return _joined(f'{label} {value}' for label, value in found if value)


def _other_jobs(record: dict[str, Any]) -> Iterator[str]:
    for field, number in JOBS.items():
        value = text(part(record, field, number))
        if value:
            yield f'{field} {value}'


def _rank(record: dict[str, Any]) -> str:
    rank, ranks = (part(record, 'process', f) for f in ('rank', 'ranks'))
    of = f' of {ranks}' * is_number(ranks)
    return f'{rank}{of}' if is_number(rank) else ''


def _git(record: dict[str, Any]) -> str:
    dirty = 'dirty' if part(record, 'git', 'dirty') is True else ''
    commit, branch = (text(part(record, 'git', f)) for f in ('commit', 'branch'))
    return _joined([commit, branch, dirty])


def _joined(parts: Iterable[str]) -> str:
    return ', '.join(filter(None, parts))


# --- the rest ----------------------------------------------------------------------------


def _rest(record: dict[str, Any], full: bool) -> Rows:
    hidden = COVERED if full else (*COVERED, *SELDOM)
    if full:
        rest = {name: _in_full(value) for name, value in record.items()}
    else:
        limits = {**dict.fromkeys(record, NAMES), **dict.fromkeys(OPEN, inf)}
        rest = {name: _in_short(value, limits[name]) for name, value in record.items()}
    return [
        [Cell(safe(path), 'dim'), value if isinstance(value, Cell) else in_full(value)]
        for path, value in flattened(rest).items()
        if not any(path == name or path.startswith(f'{name}.') for name in hidden)
    ]


def _in_full(value: Any, levels: int = DEEPEST) -> Any:
    """Return a value with its summaries of large values as text."""
    if is_summary(value):
        return Cell(safe(in_words(value)))
    if isinstance(value, dict) and levels:
        return {name: _in_full(inner, levels - 1) for name, inner in value.items()}
    return value


def _in_short(value: Any, most: float) -> Any:
    """Return a value with long lists, long texts and large objects shortened."""
    if isinstance(value, dict) and not is_summary(value):
        if len(value) > most:
            return Cell(counted(value))
        return {name: _in_short(inner, ITEMS) for name, inner in value.items()}
    return Cell(safe(in_short(value)))
