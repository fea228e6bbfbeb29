"""Workers of multiprocessing and its kin: how they begin, and how they end.

Pools of processes follow one pattern: a package with `process` and `util`, whose workers
run their target, then a list of functions (`util.Finalize`), and end by `os._exit()`.
multiprocessing is one, multiprocess (pathos) and billiard (Celery) are others.
They are recognised by that pattern, among what is loaded: nothing is imported.

A worker that is not forked from the program imports the script of the program first, and so
does a fork server, for all its workers. A `record_on_exit()` at the top of the script runs
again there, but means the program alone: see prepares_worker(). Each process that these
packages start from a frozen program runs its script, up to `freeze_support()`.

The ends of workers skip the functions of atexit.

The package calls its list of finalizers while it handles the exception that ends a worker:
the exception is noted there. Only `os._exit()` gets the status, and pools of billiard skip
the list. So in a worker that has records to write, `os._exit` is replaced by a wrapper that
writes them first.
"""

from __future__ import annotations

import os
import sys

from .. import _core
from ..outputs.base import send_what_waits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType
    from typing import Any

SEND_SECONDS = 5.0  # for records that wait for a network
LAST = -1000  # the functions of the list run from high priority to low
SERVING = 'main', '_serve_one'  # functions of a fork server, and of a worker that it forked
FROZEN_WORKERS = '--multiprocessing-fork', '--billiard-fork'  # first argument of a worker
FROZEN_SERVERS = '.forkserver import main', '_tracker import main'  # in the code after -c


class WorkerExit:
    """Calls a function, writes batches and removes journals when a worker ends.

    Attributes:
        exception: that ends the worker, once it is known.
        is_over: the work is done: `os._exit()` comes, or the end of the interpreter.
    """

    exception: BaseException | None = None
    is_over = False

    def __init__(self) -> None:
        self._function: Callable[[int], None] | None = None
        self._has_files = False
        self._registered: Any = None
        self._before: Any = None  # os._exit before it was replaced
        self._in_place: Any = None

    def call_at_exit(
        self, function: Callable[[int], None]
    ) -> list[tuple[Any, Any, Any, Any]]:
        """Have a function called with the exit status, if this is a worker; see undo()."""
        if self._watch():
            self._function = function
        return self.undo()

    def write_at_exit(self) -> None:
        """Have batches written, and journals without records removed, if this is a worker.

        In other processes functions of atexit(3) do it.
        """
        self._has_files = self._watch()

    def cancel_call(self) -> None:
        """Forget the function; restore `os._exit` unless files need it."""
        self._function = None
        if not self._has_files:
            self._put_back()

    def undo(self) -> list[tuple[Any, Any, Any, Any]]:
        """Return the entries that a forked child restores: see `_core.undo_in_child()`."""
        from functools import partial  # start-up time

        if self._in_place is None:
            return []
        get, put = partial(getattr, os, '_exit'), partial(setattr, os, '_exit')
        return [(get, put, self._in_place, self._before)]

    def forget(self) -> None:
        """Note, in a forked child, that C code has restored `os._exit`."""
        self._has_files = False
        self.cancel_call()
        self._in_place = None

    @property
    def ends_by_exit(self) -> bool:
        """True if os._exit() will call the function, unless it is replaced again."""
        return self._in_place is not None and os._exit == self._in_place

    def _watch(self) -> bool:
        """Replace `os._exit` and register a finalizer; return True in a worker."""
        finalize = _list_of_worker()
        if finalize is None:
            return False
        if self._registered is None or not self._registered.still_active():
            self.exception, self.is_over = None, False  # a worker begins with an empty list
            self._registered = finalize(None, self._note, exitpriority=LAST)
        if self._in_place is None:
            self._before, self._in_place = os._exit, self._exit
            os._exit = self._in_place
        return True

    def _put_back(self) -> None:
        if self._registered is not None:
            self._registered.cancel()
            self._registered = None
        if self.ends_by_exit:
            os._exit = self._before
            self._in_place = None

    def _note(self) -> None:
        self.exception, self.is_over = sys.exc_info()[1], True

    def _exit(self, status: int) -> Any:
        """Call the function, write and remove files, in the main thread; then end.

        In another thread, os._exit() is not the end of the work.
        """
        if _core.in_main_thread():
            try:
                if self._function is not None:
                    self._function(status)
            except BaseException:  # nothing may keep the worker from ending
                pass
            _core.flush_batches()
            send_what_waits(SEND_SECONDS)
            _core.remove_journals()
        self._before(status)


def prepares_worker() -> bool:
    """Return True if this process so far only imports modules for the work of workers.

    It is a worker that has not begun, or a fork server. The packages set `_inheriting` for
    that time, except while a fork server imports what `set_forkserver_preload()` names, and
    before the `freeze_support()` of a frozen program.
    """
    states = [_state(current_process) for _, current_process in _packages()]
    if any(inherits for _, inherits in states):
        return True
    if any(works for works, _ in states):
        return False
    return _is_fork_server() or _is_frozen_helper()


def _list_of_worker() -> Any:
    """Return `Finalize` of the package whose worker this is, or will be; None elsewhere."""
    for finalize, current_process in _packages():
        works, inherits = _state(current_process)
        if works or (inherits and not _is_fork_server()):
            return finalize
    return None


def _state(current_process: Callable[[], Any]) -> tuple[bool, bool]:
    """Return whether this is a worker of a package, and whether it is being prepared."""
    try:
        process = current_process()
        works = getattr(process, '_parent_pid', None) is not None
        return works, getattr(process, '_inheriting', False) is True
    except Exception:
        return False, False


def _is_fork_server() -> bool:
    """Return True if this code runs in a fork server, not in a worker that it forked.

    Both run below `main()` of a module `forkserver`, a worker below `_serve_one()` too.
    """
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        name = frame.f_code.co_name
        if name in SERVING and str(frame.f_globals.get('__name__')).endswith('.forkserver'):
            return name == 'main'
        frame = frame.f_back
    return False


def _is_frozen_helper() -> bool:
    """Return True if a frozen program was started as a worker, fork server or tracker.

    `freeze_support()` reads the command line, too.
    """
    if not getattr(sys, 'frozen', False):
        return False
    words = [str(word) for word in getattr(sys, 'argv', ())[1:]]
    if words and words[0] in FROZEN_WORKERS:
        return True
    code = words[words.index('-c') + 1] if '-c' in words[:-1] else ''
    return any(name in code for name in FROZEN_SERVERS)


def _packages() -> Iterator[tuple[Any, Any]]:
    """Yield `Finalize` and `current_process` of each loaded package that has the pattern.

    A module `process` of a program has not: nothing of it is called.
    """
    for name, module in list(sys.modules.items()):
        package, _, last = str(name).rpartition('.')
        if last == 'process':
            process, util = _names(module), _names(sys.modules.get(f'{package}.util'))
            classes = process.get('BaseProcess'), util.get('Finalize')
            current_process = process.get('current_process')
            if callable(current_process) and all(isinstance(c, type) for c in classes):
                yield classes[1], current_process


def _names(module: object) -> dict[str, Any]:
    """Return what a module holds. Asking a lazy one for an attribute would load it."""
    try:
        return dict(object.__getattribute__(module, '__dict__'))
    except AttributeError:
        return {}


worker = WorkerExit()
