"""Say how a record and its runs ended.

The time of a run that failed, was killed or did not end says nothing about how long the
work takes. So it is not averaged with those of runs that went well.
"""

from __future__ import annotations

import json
import signal

from ..messages import safe
from .fields import is_number, part

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    Record = dict[str, Any]

TIMED_OUT, UNFINISHED = 'timed out', 'not finished'
MOST_KINDS = 3  # of failures, which are named


class Endings:
    """How a record and its runs ended.

    Attributes:
        outcome: how the record ended, in a few words; None if well.
        runs: how each run ended, an empty text if well; an empty list if the record has
            only one end for all.

    >>> ends = Endings({'call': {'durations': [1, 2, 3], 'returncode': [0, 3, -9]}})
    >>> ends.outcome, ends.runs, ends.well([1, 2, 3])
    ('exit 3, SIGKILL (2 of 3)', ['', 'exit 3', 'SIGKILL'], [1])
    """

    __slots__ = ('outcome', 'runs')

    def __init__(self, record: Record) -> None:
        call = record.get('call')
        call = call if isinstance(call, dict) else {}
        self.runs = _ends_of_runs(record, call)
        self.outcome = next(_failures(record, call), None)

    def well(self, values: Sequence[Any]) -> list[Any]:
        """Return those values, one for each run, whose runs went well.

        Returns:
            All values if no run went well, or if the record has one end for all.
        """
        if all(self.runs) or len(values) > len(self.runs):
            return list(values)
        ends = zip(values, self.runs, strict=False)
        return [value for value, end in ends if not end]

    @property
    def is_partial(self) -> bool:
        """True if some runs went well and others did not."""
        return any(self.runs) and not all(self.runs)

    @property
    def failed(self) -> int:
        """Number of runs that did not go well; 1 if the record has one end for all."""
        return sum(map(bool, self.runs)) or int(self.outcome is not None)


def _ends_of_runs(record: Record, call: Record) -> list[str]:
    codes, durations = (call.get(name) for name in ('returncode', 'durations'))
    if not isinstance(durations, list):
        return []
    if not isinstance(codes, list) or not codes:
        return _ends_of_iterations(record, durations)
    if part(record, 'recovered', 'duration_is_lower_bound') is True:
        return []
    late = call.get('timed_out_iterations')
    late = late if isinstance(late, list) else []
    ends = [
        _end_text(code, place < len(late) and late[place] is True)
        for place, code in enumerate(codes)
    ]
    if record.get('exit_signal') and len(ends) < len(durations):
        ends += [UNFINISHED] * (len(durations) - len(ends))
    return ends if len(ends) == len(durations) and any(ends) else []


def _ends_of_iterations(record: Record, durations: list[Any]) -> list[str]:
    """Return the ends of calls of a function: an exception ends the last one."""
    if record.get('exception') and len(durations) > 1:
        return [''] * (len(durations) - 1) + [_exception_type(record)]
    return []


def _exception_type(record: Record) -> str:
    return _text(part(record, 'exception', 'type')) or 'exception'


def _end_text(code: Any, is_late: bool) -> str:
    if is_late:
        return TIMED_OUT
    return exit_text(code) if is_number(code) and code else ''


def _failures(record: Record, call: Record) -> Iterator[str]:
    """Yield the failures, the first cause first."""
    if record.get('exit_signal'):
        yield _text(record['exit_signal'])
    if record.get('exit_path') == 'recovered':
        yield 'lost and recovered'
    if record.get('exception'):
        yield _exception_type(record)
    yield from _of_runs(call)
    if is_number(record.get('exit_status')) and record['exit_status']:
        yield exit_text(record['exit_status'])


def _of_runs(call: Record) -> Iterator[str]:
    if call.get('timed_out'):
        late = call.get('timed_out_iterations')
        flags = late if isinstance(late, list) else [True]
        yield _several(flags.count(True), len(flags), TIMED_OUT)
    codes = call.get('returncode')
    codes = [c for c in codes if is_number(c)] if isinstance(codes, list) else []
    failed = [exit_text(code) for code in codes if code]
    if failed:
        kinds = list(dict.fromkeys(failed))
        more = ', …' * (len(kinds) > MOST_KINDS)
        yield _several(len(failed), len(codes), ', '.join(kinds[:MOST_KINDS]) + more)


def _several(count: int, among: int, what: str) -> str:
    return what if among <= 1 else f'{what} ({count} of {among})'


def _text(value: Any) -> str:
    if isinstance(value, str):
        return safe(value)
    return '' if value is None else safe(json.dumps(value, ensure_ascii=False))


def exit_text(code: float) -> str:
    """Return how a process ended, for its return code.

    >>> exit_text(3), exit_text(-15), exit_text(-1000)
    ('exit 3', 'SIGTERM', 'signal 1000')
    """
    if code >= 0:
        return f'exit {code}'
    try:
        return signal.Signals(-int(code)).name
    except ValueError:
        return f'signal {-code}'
