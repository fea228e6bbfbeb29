"""What a worker does: call the function at some points, and return the records.

The bench of a worker writes to memory: C appends the line there, and it is taken out after
each call. Each thread has its own, so that calls of several threads do not mix. Blocks with
fields of their own are not written by C; so `sweep` is added to the text, unless a hook or
the masking of secrets has to see it.
"""

from __future__ import annotations

import os
import pickle
import threading
from io import StringIO
from time import perf_counter

from .. import _core
from ..core.callables import name_of, place_text
from ..core.plan import current_plan
from ..encoding.json_text import SCALARS, encode
from ..json_library import loads
from ..messages import is_own_code, one_line, text_of
from ..outputs.file import FileOutput
from .sending import packed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Job = tuple[str, Any, str]  # id of the sweep, function and bench, name of the records
    Task = tuple[int, str, Any]  # its number, `sweep` of the record, the point
    # Number, record, value, error (or what is sent of it), traceback.
    Outcome = tuple[int, str, Any, Any, str]

AT_HOME: dict[str, int] = {}  # process of each running sweep that was begun here
HELD = 4  # sweeps whose functions a process keeps unpickled
_prepared: dict[str, dict[int, Prepared]] = {}  # by sweep and thread


class Packed(bytes):
    """A pickled value: one that is bytes itself is sent as one, too."""


class Prepared:
    """A function, and a bench that writes to memory.

    Args:
        func: the function; of one that a bench has decorated, the one inside is called.
        make: makes the bench.
        name: `call.name` of the records.
    """

    def __init__(
        self, func: Callable[..., Any], make: Callable[..., Any], name: str
    ) -> None:
        code = getattr(func, '__code__', None)
        is_decorated = code is not None and is_own_code(code)
        self.func = getattr(func, '__wrapped__', func) if is_decorated else func
        self.name = name
        self.memory = StringIO()
        self.bench = make(outputs=[FileOutput(self.memory)])
        self._head = f'"call":{{"invocation":"Python","name":{encode(name).decode()}'
        places = current_plan(self.bench._bench_config, self.bench).places
        self._place = place_text(func).decode() if places else ''
        self._is_native = not (self.bench.explain_path() or self.bench.redact)
        self._adds = False  # `sweep` to the text of the record

    def call(self, point: dict[str, Any], fields: str) -> Any:
        """Call the function within a block, whose record `taken` returns."""
        with self._block(fields):
            return self.func(**point)

    def _block(self, fields: str) -> Any:
        """Return the block; where Python sees the record, it has `sweep` from the start."""
        text = fields.encode('ascii')
        self._adds = self._is_native and not _core.is_suspicious(text)
        if self._adds:
            return self.bench.record(self.name)
        return self.bench.record(self.name, sweep=loads(text))

    def taken(self, fields: str) -> str:
        """Return the record of the last call; empty if nothing is recorded."""
        text = self.memory.getvalue().rstrip('\n')
        self.memory.seek(0)
        self.memory.truncate()
        text = text.replace(self._head, self._head + self._place, 1)
        return f'{text[:-1]},"sweep":{fields}}}' if text and self._adds else text


def run(job: Job, tasks: list[Task]) -> tuple[float | None, list[Outcome]]:
    """Call the function at these points.

    Returns:
        The seconds that it has taken, and an outcome for each task. None for the first
        tasks of a worker: they take longer.
    """
    is_first = _known(job[0]) is None
    is_home = AT_HOME.get(job[0]) == os.getpid()
    try:
        prepared = _prepare(job)
    except BaseException as error:
        failed = [(task[0], '', None, *_error(error, is_home)) for task in tasks]
        return None, failed
    began = perf_counter()
    outcomes = [_outcome(prepared, task, is_home) for task in tasks]
    return None if is_first else perf_counter() - began, outcomes


def _known(sweep: str) -> Prepared | None:
    """Return the function of a sweep, if this thread has called it."""
    return _prepared.get(sweep, {}).get(threading.get_ident())


def _prepare(job: Job) -> Prepared:
    sweep, data, name = job
    found = _known(sweep)
    if found is None:
        func, make = data if isinstance(data, tuple) else pickle.loads(data)  # noqa: S301
        found = Prepared(func, make, name)
        _hold(sweep)[threading.get_ident()] = found
    return found


def _hold(sweep: str) -> dict[int, Prepared]:
    """Return what is kept of a sweep, and let go of the oldest ones."""
    while sweep not in _prepared and len(_prepared) >= HELD:
        _prepared.pop(next(iter(_prepared)), None)
    return _prepared.setdefault(sweep, {})


def forget(sweep: str) -> None:
    """Let go of the function of a sweep that has ended."""
    _prepared.pop(sweep, None)


def _outcome(prepared: Prepared, task: Task, is_home: bool) -> Outcome:
    number, fields, point = task
    value, error = None, None
    try:
        if type(point) is bytes:
            point = pickle.loads(point)  # noqa: S301 - from the program that sweeps
        value = prepared.call(point, fields)
    except BaseException as raised:  # SystemExit and the like end no worker
        error = raised
    record = prepared.taken(fields)
    if error is None and not (is_home or type(value) in SCALARS):
        try:
            value = Packed(packed(value))
        except Exception as unsent:
            value, error = None, _unsent(value, unsent)
    if error is not None:
        return (number, record, None, *_error(error, is_home))
    return number, record, value, None, ''


def _unsent(value: Any, error: Exception) -> TypeError:
    kind = type(value).__name__
    return TypeError(f'the result, of type {kind}, cannot be sent back: {one_line(error)}')


def _error(error: BaseException, is_home: bool) -> tuple[Any, str]:
    """Return what is sent of an exception, and its traceback."""
    from traceback import format_exception  # start-up time

    lines = ''.join(format_exception(error))
    if is_home:
        return error, lines
    kind, message = name_of(type(error)), text_of(error)
    try:
        data = packed(error)
        pickle.loads(data)  # noqa: S301 - some can be pickled only
    except Exception:
        data = b''
    return (data, kind, message), lines


def check(data: bytes) -> str:
    """Return why a worker cannot read the function; empty if it can."""
    try:
        pickle.loads(data)  # noqa: S301 - from the program that sweeps
    except BaseException as error:
        return one_line(error)
    return ''
