"""`record_on_exit`: one record of the process, whatever ends it.

    state        what has happened                                      goes on to
    -----------  -----------------------------------------------------  ---------------
    registered   in the table; clock started; armed: the record is in   ended, cancelled
                 memory as it would be written natively
    ended        clock stopped first; what spanned the run finished;    claimed
                 captures done; phases closed
    claimed      claim() returned True, to one caller only              written
    written      with the sinks, or on standard error                   -
    cancelled    replaced or cancelled: claim() returns False           -

The process has one table of registered runs, one function in `atexit`, one wrapped
`sys.excepthook` and one handler for each signal that any of the runs asks for. They stay
installed while the table has a run. When the last run goes, the earlier ones are restored.

However the process ends, Table.write_records() runs once: it stops the clocks of all runs,
then writes one record after the other. A signal that comes while it runs is remembered, and
ends the process afterwards; one that comes while a signal is being handled changes nothing.
Then the earlier handler runs, the default action is restored, and the signal is sent again:
the parent sees the same wait status as without microbench.

Some handlers stop the program by themselves: event loops, servers (graceful.py), and
those of a registration with `then='leave'`. Then the signal is noted, the handler runs, and
nothing else happens: the record is written when the program ends.

A forked child has a copy of all this, and must not write the records of its parent. So
C code restores handlers and hooks in the child at once: signals would interrupt Python
code in a hook of fork, and CPython swallows what their handlers raise there. Tables in
Python are reset when the child registers a record of its own. Until then the child finds
that they belong to another process, and acts as without microbench.

Python can be too late, or never run again: C code does not return, a capture or a sink
hangs, the process crashes. So memory also holds the line of each run (mb_slot.h). A
watchdog or the handler of a crash writes it from there (mb_watchdog.h, mb_signals.h). Each
writer claims a record right before its first byte, and only one claim succeeds.
"""

from __future__ import annotations

import atexit
import os
from _thread import RLock
from contextlib import suppress
from functools import partial

from .. import _core
from ..core.config import JOB
from ..core.sampled import write_pending
from ..core.workers import prepares_worker, worker
from ..descriptors import loaded
from ..messages import warn
from ..outputs.base import send_what_waits
from . import cause
from .exit_run import END_TIMEOUT, ExitRun
from .graceful import warn_of
from .handlers import ExitHandlers
from .signals import end_by, name_of, seconds_of, wanted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import FrameType
    from typing import Any

    from ..core.owner import Owner
    from .cause import Ending
    from .signals import Wish


class Table:
    """The registered runs of this process."""

    def __init__(self) -> None:
        self.runs: dict[int, ExitRun] = {}  # by the identity of the bench
        self.generation = _core.fork_generation()
        self.lock = RLock()  # reentrant: a signal handler may register, too
        self.at_exit: list[Callable[[], None]] = []  # the last two that were registered
        self.in_time: bool | None = None  # True: Python, not C, writes the records
        self.ending: Ending | None = None  # while the records are being written
        self.aside: ExitRun | None = None  # being registered or replaced: not to be written
        self.parent: Any = None  # the module, once it watches the parent process

    @property
    def is_current(self) -> bool:
        """True if the table was made in this process, not in the parent of a fork."""
        return self.generation == _core.fork_generation()

    def end_normally(self, _: None) -> None:
        """End as the interpreter does, unless that is over.

        The caller: atexit, through `_core.call_until_done()`, by name.

        A runner may call the functions of atexit itself, long before the end.
        """
        if self.is_current and self.runs:
            early = cause.is_called_by_python()
            if not (early and worker.ends_by_exit):
                _finish(cause.early() if early else cause.Ending())

    def end_worker(self, status: int) -> None:
        """End as a worker does, by os._exit().

        The caller: _at_worker_exit(), through `_core.call_until_done()`, by name.
        """
        if self.is_current and self.runs:
            _finish(cause.of_worker(status))

    def write_records(self, ending: Ending) -> None:
        """Write all records, each even if another one fails.

        The caller: `_core.call_until_done()`, by name. It calls again after an
        interruption, and the method goes on where it was.
        """
        self.ending = ending
        runs = list(self.runs.values())
        for run in runs:
            run.stop_clock()
        if self.in_time is None:
            self.in_time = _core.exit_begin()
        if self.in_time:  # else native code is writing them at this moment
            for run in runs:
                run.write_record(ending)
            write_pending()
            if ending.signal is not None:  # the functions of atexit will not run
                send_what_waits(ending.time_left(END_TIMEOUT) or 0.0)


_table = Table()


def register(
    bench: Owner, name: str, handle_sigterm: bool, signals: Any, grace: Any, then: str
) -> None:
    """Register the run of a bench, and replace the run that it has already.

    Do nothing where the script is imported for workers: the program writes the record.
    """
    if prepares_worker():
        return
    chosen = wanted(signals, then)
    run = ExitRun(bench, name, chosen if handle_sigterm else {}, seconds_of(grace))
    if not _table.is_current:
        _forget_parent()
    table = _table
    with table.lock:
        table.aside = run
        try:
            run.register()
            replaced = table.runs.get(id(bench))
            table.runs[id(bench)], table.aside = run, replaced  # in one step
            _arm(run.signals)
            if replaced is not None:
                replaced.cancel()
        finally:
            table.aside = None
    doubtful, _handlers.doubtful = _handlers.doubtful, []
    for number, handler in doubtful:
        warn_of(name_of(number), handler)
    if run.signals and not _core.in_main_thread():
        warn(
            'record_on_exit() was not called in the main thread, the only one in which '
            'Python can handle signals: after a signal, the record is the one that was '
            'prepared here, written by native code',
            RuntimeWarning,
        )


def cancel(bench: Owner) -> None:
    """Cancel the run of a bench, if it has one."""
    table = _table
    if table.is_current:
        with table.lock:
            run = table.runs.pop(id(bench), None)
            if run is not None:
                run.cancel()
                _arm(())


def refresh(bench: Owner) -> None:
    """Add new static fields of a bench to its registered run, if it has one."""
    table = _table
    if table.is_current:
        with table.lock:
            run = table.runs.get(id(bench))
            if run is not None:
                run.refresh()


# --- hooks and handlers installed while runs are registered --------------------------


def _arm(new: Iterable[int]) -> None:
    """Install what the registered runs need; restore all other hooks and handlers."""
    if _table.runs:
        _register_at_exit()
        undo = [*worker.call_at_exit(_at_worker_exit), *cause.install()]
        grace = min(run.grace for run in list(_table.runs.values()))
        _core.exit_prepare(int(grace * 1e9), int(max(grace, END_TIMEOUT) * 1e9))
        signals = _signals()
        undo += _handlers.keep(signals, new)
        if JOB in os.environ and signals and _core.own_journals():
            _watch_parent()
    else:
        while _table.at_exit:
            atexit.unregister(_table.at_exit.pop())
        worker.cancel_call()
        cause.remove()
        undo = [*worker.undo(), *_handlers.keep({})]
        _core.exit_release()
        if _table.parent is not None:
            _table.parent.leave()
    _core.undo_in_child(undo)


def _watch_parent() -> None:
    with suppress(OSError):  # no descriptor is left
        _table.parent = loaded(_parent)
        _table.parent.watch(block=False)


def _parent() -> Any:
    from ..core import parent  # start-up time

    return parent


def _register_at_exit() -> None:
    """Register end_normally() to run early, by C, which Ctrl-C does not cut short.

    Keep the earlier registration, too: if the functions of atexit are running already, a
    new one will not be called.
    """
    # equal to no other function
    function = partial(_core.call_until_done, _table, 'end_normally', None)
    atexit.register(function)
    _table.at_exit.append(function)
    for older in _table.at_exit[:-2]:
        atexit.unregister(older)
    del _table.at_exit[:-2]


def _signals() -> dict[int, Wish]:
    found: dict[int, Wish] = {}
    for run in list(_table.runs.values()):
        for number, wish in run.signals.items():
            found[number] = found[number] & wish if number in found else wish
    return found


# --- the end -------------------------------------------------------------------------


def _at_worker_exit(status: int) -> None:
    _core.call_until_done(_table, 'end_worker', status)


def _finish(ending: Ending) -> None:
    try:
        _core.call_until_done(_table, 'write_records', ending)
        if ending.signal is not None:
            _handlers.chain.call(ending.signal, ending.frame)
    finally:
        came = _release()
    if ending.signal or came:
        _die_by(ending.signal or came)


def _on_signal(number: int, frame: FrameType | None) -> None:
    if not _table.is_current or not (_table.runs or _table.ending):
        _handlers.step_aside(number, frame)
    elif _handlers.leaves(number):
        _core.note_signal(number)  # where the handler in C is no longer in front
        _handlers.chain.call_anew(number, frame)
    elif _table.ending is None:
        _finish_by_signal(number, frame)
    elif _handlers.chain.is_called_on(frame):
        _handlers.chain.call(number, frame)
    else:
        _remember(_table.ending, number, frame)


def _finish_by_signal(number: int, frame: FrameType | None) -> None:
    number = _handlers.first(number)
    in_force = _core.signal_came_directly(number) or _handlers.in_force(number)
    interruption = None
    try:
        try:
            _core.call_until_done(_table, 'write_records', cause.Ending(number))
        except BaseException as error:
            interruption = error  # Ctrl-C: it ends by the first signal all the same
        _core.exit_end()  # the program's own handler may take its time
        _handlers.chain.call(number, frame)
    finally:
        _release()
    if in_force:  # else a handler installed later has called this one, and goes on
        _die_by(number)
    elif interruption is not None:
        raise interruption


def _remember(ending: Ending, number: int, frame: FrameType | None) -> None:
    if ending.signal is None:
        ending.signal, ending.frame = _handlers.first(number), frame


def _release() -> int:
    """Restore everything; return the signal that only the watchdog has seen, or 0."""
    _table.runs.clear()
    worker.cancel_call()
    cause.remove()
    _handlers.keep({})
    came: int = _core.exit_end()
    _core.exit_release()
    _core.undo_in_child(())
    _table.ending = _table.in_time = None
    return came


def _die_by(number: int) -> None:
    if _table.aside is not None:
        _table.aside.cancel()
    _core.emergency_write(number)  # of blocks that are still open
    _core.remove_journals()  # functions of atexit(3), which do it elsewhere, do not run
    end_by(number)


_handlers = ExitHandlers(_on_signal)


# --- children ------------------------------------------------------------------------


def _forget_parent() -> None:
    """Reset the tables in a forked child, where C code has restored handlers and hooks."""
    global _table
    inherited, _table = _table, Table()
    for function in inherited.at_exit:
        atexit.unregister(function)
    worker.forget()
    cause.remove()
    _handlers.forget()


os.register_at_fork(
    before=_core.before_fork,
    after_in_parent=_core.after_fork,
    after_in_child=_core.in_child,
)
