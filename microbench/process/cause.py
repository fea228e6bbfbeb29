"""Find out how a process ends: by an uncaught exception, a status or a signal.

The interpreter passes none of this to functions of `atexit`. So, while a record waits:

exception   `sys.excepthook` is wrapped, once. The interpreter also stores the exception
            in `sys.last_value` before it calls any hook: so a hook installed later,
            which does not call the wrapper, hides nothing.
status      of `sys.exit(n)`: the interpreter reads `SystemExit.code` if the exception
            is uncaught. A wrapper of that attribute notes what is read while no Python
            code is running, and nothing else: a SystemExit that is caught, or made by
            hand, leaves no trace. `READ_EXIT_STATUS` turns this off.

Runners (coverage, profilers, debuggers) may come between the program and the interpreter.
A runner that calls `sys.excepthook` itself, after the exception has left the main module,
and exits with 1, has reported what ended the program. If a runner calls the functions of
atexit itself, the end is still to come: the record has neither status nor exception.
"""

from __future__ import annotations

import sys
from functools import partial

from .. import _core
from ..core.record_text import described
from ..core.workers import worker
from . import signals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType, TracebackType
    from typing import Any


KEPT_BACK = 0.2  # seconds

# If False, SystemExit and sys.exit stay as they are, and only an exception has a status.
READ_EXIT_STATUS = True


class Ending:
    """Exception, status and signal of the end; may change while records are completed.

    Args:
        number: the signal, if one ends the process.
    """

    def __init__(self, number: int | None = None) -> None:
        self.exception = _probe.uncaught()
        self.status = _probe.status(self.exception)
        if worker.is_over and self.status == 1:
            self.exception = self.exception or worker.exception
        if isinstance(self.exception, SystemExit):
            self.exception = None
        self.signal = number
        self.frame: FrameType | None = None

    def fields(self) -> dict[str, Any]:
        """Return the fields of the record that describe the end."""
        fields: dict[str, Any] = {}
        if self.exception is not None:
            fields['exception'] = described(self.exception)
        first = _core.first_signal() or self.signal
        if first is not None:
            fields['exit_signal'] = signals.name_of(first)
        ends_by_it = self.signal is not None or any(_core.exit_signal())
        if self.status is not None and not ends_by_it:
            fields['exit_status'] = self.status
        return fields

    def time_left(self, seconds: float) -> float | None:
        """Return how much is left of the time that a signal leaves; None without one.

        A little is kept back, for what no sink has taken.
        """
        if self.signal is None:
            return None
        now_ns = _core.clock_ns()
        _, came_ns = _core.exit_signal()
        gone_ns = now_ns - (came_ns or now_ns)
        return max(seconds - KEPT_BACK - gone_ns / 1e9, 0.0)


def early() -> Ending:
    """Return an unknown end, for a record that is written before the program ends."""
    ending = Ending()
    ending.exception = ending.status = None
    return ending


def of_worker(status: int) -> Ending:
    """Return the end of a worker that passes a status to os._exit().

    The packages pass 1 after an exception, which they have printed.
    """
    ending = Ending()
    ended_by = worker.exception if status == 1 else None
    ending.exception = None if isinstance(ended_by, SystemExit) else ended_by
    ending.status = status
    return ending


def is_called_by_python() -> bool:
    """Return True if Python code, not the ending interpreter, called the caller."""
    try:
        sys._getframe(2)
    except ValueError:
        return False
    return True


class ExitCode:
    """`SystemExit.code`, which remembers what the interpreter read of it."""

    def __init__(self) -> None:
        self._member = SystemExit.__dict__['code']
        self.read = False
        self.code: Any = None

    def install(self) -> None:
        """Replace the attribute, and have `sys.exit` make an exception that has it."""
        if READ_EXIT_STATUS:
            _core.set_in_type(SystemExit, 'code', self)
            _core.make_exits(True)

    def remove(self) -> None:
        """Restore the attribute and `sys.exit`."""
        _core.make_exits(False)
        _core.set_in_type(SystemExit, 'code', self._member)

    def undo(self) -> list[tuple[Any, Any, Any, Any]]:
        """Return the entries that a forked child restores: see `_core.undo_in_child()`."""
        get = partial(vars(SystemExit).get, 'code')
        put = partial(_core.set_in_type, SystemExit, 'code')
        in_any_case = bool, _core.make_exits, False, False
        return [(get, put, self, self._member), in_any_case]

    def __get__(self, error: SystemExit | None, cls: type | None = None) -> Any:
        if error is None:
            return self
        code = self._member.__get__(error, cls)
        try:
            sys._getframe(1)
        except ValueError:  # no Python code has asked: the process is about to end
            self.read, self.code = True, code
        return code

    def __set__(self, error: SystemExit, code: Any) -> None:
        self._member.__set__(error, code)

    def __delete__(self, error: SystemExit) -> None:
        self._member.__delete__(error)


class ExitCauseProbe:
    """Notes how the process ends, by a hook and an attribute that it wraps."""

    def __init__(self) -> None:
        self._exception: BaseException | None = None
        self._reported: BaseException | None = None  # the exception that a runner reported
        self._last_before: BaseException | None = None
        self._hooks: list[Any] = []  # hooks that the wrapper replaced, the latest last
        self._depth = 0  # how often the wrapper is running: a later hook may call it again
        self._exit_code: ExitCode | None = None

    def install(self) -> list[tuple[Any, Any, Any, Any]]:
        """Wrap the hook and the attribute, unless they are wrapped already.

        Returns:
            what a forked child restores: see `_core.undo_in_child()`.
        """
        self._reported = None  # it may be from an earlier program
        there = _hook()
        if there is not _excepthook:
            self._hooks.append(there)
            sys.excepthook = _excepthook
        if self._exit_code is None:
            self._exception, self._last_before = None, _last_exception()
            self._exit_code = ExitCode()
            self._exit_code.install()
        get = partial(getattr, sys, 'excepthook', None)
        put = partial(setattr, sys, 'excepthook')
        return [(get, put, _excepthook, self._hooks[-1]), *self._exit_code.undo()]

    def remove(self) -> None:
        """Put back what was there; a hook that others have wrapped stays, and passes on."""
        self._exception = self._reported = None
        if _hook() is _excepthook:
            sys.excepthook = self._hooks.pop()
        if self._exit_code is not None:
            self._exit_code.remove()
            self._exit_code = None

    def note(
        self,
        kind: type[BaseException],
        exception: BaseException,
        traceback: TracebackType | None,
    ) -> None:
        """Remember an uncaught exception; then call the hook installed before.

        Interpreters in Python (code, IPython) call the hook as well, and go on. So do
        runners (coverage), which end.
        """
        if _is_over():
            self._exception = exception
        elif _has_left_main(exception):
            self._reported = exception
        before = [sys.__excepthook__, *self._hooks][-1 - self._depth :][0]
        self._depth += 1
        try:
            before(kind, exception, traceback)
        finally:
            self._depth -= 1

    def uncaught(self) -> BaseException | None:
        """Return the exception that ends the program; at a prompt, none does."""
        if hasattr(sys, 'ps1'):
            return None
        last = _last_exception()
        hidden = last is not self._last_before and _hook() is not _excepthook
        return self._exception or (last if hidden else None) or self._reported_at_end()

    def _reported_at_end(self) -> BaseException | None:
        """Return the exception that a runner has reported, if its exit status is 1."""
        code = self._exit_code
        failed = code is not None and code.read and status_of(code.code) == 1
        return self._reported if failed else None

    def status(self, exception: BaseException | None) -> int | None:
        """Return the exit status: 0, 1, or what `sys.exit()` was given.

        None if that is unknown: nothing looks, a subclass of SystemExit defines `code`, or
        no process reads standard output. What is left to be flushed then makes it 120.
        """
        if _output_is_broken():
            return None
        if self._exit_code is not None and self._exit_code.read:
            return status_of(self._exit_code.code)
        if exception is not None:
            return 1
        return 0 if READ_EXIT_STATUS and not _has_own_code(SystemExit) else None


def _output_is_broken() -> bool:
    """Return True if standard output is a pipe whose reader has gone."""
    try:
        import select

        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
        return any(found & select.POLLERR for _, found in poll.poll(0))
    except Exception:  # it is closed, replaced, or no descriptor is left
        return False


def status_of(code: Any) -> int:
    """Return the exit status that `sys.exit(code)` gives: 1 for a text."""
    return int(code) if isinstance(code, int) else int(code is not None)


def _has_own_code(cls: type) -> bool:
    below: list[type] = cls.__subclasses__()
    return any('code' in vars(sub) or _has_own_code(sub) for sub in below)


def _hook() -> Any:
    return getattr(sys, 'excepthook', None)


def _is_over() -> bool:
    """Return True if the main module has been left, not only some code that it has run."""
    within = any(frame.f_code.co_name == '<module>' for frame in _frames())
    return not within and _core.in_main_thread()


def _has_left_main(exception: BaseException) -> bool:
    """Return True if an exception has left the code of the main module."""
    names = getattr(sys.modules.get('__main__'), '__dict__', None)
    running = set(_frames())
    traceback = exception.__traceback__
    while traceback is not None:
        left = traceback.tb_frame
        if left.f_globals is names and left.f_code.co_name == '<module>':
            return left not in running
        traceback = traceback.tb_next
    return False


def _frames() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        yield frame
        frame = frame.f_back


def _last_exception() -> BaseException | None:
    return getattr(sys, 'last_value', None)


_probe = ExitCauseProbe()
install, remove = _probe.install, _probe.remove


def _excepthook(
    kind: type[BaseException],
    exception: BaseException,
    traceback: TracebackType | None,
) -> None:
    _probe.note(kind, exception, traceback)
